/** Linux and Android: the exception's code is a signal number, its flags the signal's si_code. */

const SIGNALS: readonly string[] = [
  "",
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGKILL",
  "SIGUSR1",
  "SIGSEGV",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGTERM",
  "SIGSTKFLT",
  "SIGCHLD",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGVTALRM",
  "SIGPROF",
  "SIGWINCH",
  "SIGIO",
  "SIGPWR",
  "SIGSYS",
];

/** What Breakpad writes when there was no signal: the dump was asked for. */
const DUMP_REQUESTED = 0xffffffff;

const CODES: Readonly<Record<string, readonly string[]>> = {
  SIGILL: ["ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG", "ILL_COPROC", "ILL_BADSTK", "ILL_BADIADDR"],
  SIGTRAP: ["TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF"],
  SIGFPE: ["FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB"],
  SIGSEGV: ["SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR"],
  SIGBUS: ["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"],
  SIGSYS: ["SYS_SECCOMP", "SYS_USER_DISPATCH"],
};

/** si_codes that any signal may carry: who sent it. 0 (another process or itself, by kill) says nothing and is left out. */
const SENDERS: ReadonlyMap<number, string> = new Map([
  [0x80, "SI_KERNEL"],
  [-1, "SI_QUEUE"],
  [-2, "SI_TIMER"],
  [-3, "SI_MESGQ"],
  [-4, "SI_ASYNCIO"],
  [-5, "SI_SIGIO"],
  [-6, "SI_TKILL"],
  [-7, "SI_DETHREAD"],
  [-60, "SI_ASYNCNL"],
]);

/** "SIGSEGV / SEGV_MAPERR". */
export function linuxReason(signal: number, siCode: number): string {
  if (signal === DUMP_REQUESTED) return "DUMP_REQUESTED";
  const name = SIGNALS[signal];
  if (!name) return `unknown 0x${hex8(signal)} / 0x${hex8(siCode)}`;
  if (siCode === 0) return name;
  const code = CODES[name]?.[siCode - 1] ?? SENDERS.get(siCode | 0) ?? `0x${hex8(siCode)}`;
  return `${name} / ${code}`;
}

function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
