/** A project's settings: general, what is one's own, privacy, deletion; limits; and the log of refused posts. */
export { GeneralSettings } from "./general-settings.tsx";
export { Limits } from "./limits.tsx";
export { Refusals } from "./refusals.tsx";
export { SettingsTabs } from "./settings-tabs.tsx";
