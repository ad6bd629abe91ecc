/** Projects: is anything on fire? And making a new one. */
export { NewProject } from "./new-project.tsx";
export { ProjectList } from "./project-list.tsx";
