// The image's health check: asks the part that runs in this container, whose address HEALTH_URL is. Without one (a migration) there is nothing to ask.
const url = process.env.HEALTH_URL ?? "";
const healthy =
  url === "" ||
  (await fetch(url, { signal: AbortSignal.timeout(4_000) }).then(
    ({ ok }) => ok,
    () => false,
  ));
process.exit(healthy ? 0 : 1);
