/** The version of core, written into every report: raised whenever the same input may give a different report. */

export const CORE_VERSION = "0.4.0";
