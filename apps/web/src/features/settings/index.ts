/** A project's settings: general, what is one's own, privacy, deletion; and the log of refused posts. */
export { GeneralSettings } from "./general-settings.tsx";
export { Refusals } from "./refusals.tsx";
export { SettingsTabs } from "./settings-tabs.tsx";
