/** Who belongs to the organization, with which role; inviting by link. */
export { Members } from "./members.tsx";
