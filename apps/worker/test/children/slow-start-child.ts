/** The hostile child, on a machine where a process needs a second and a half to start. */
await new Promise((resolve) => setTimeout(resolve, 1_500));
await import("./hostile-child.ts");
