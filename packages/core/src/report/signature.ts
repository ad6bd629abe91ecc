/**
 * The signature of a crash: a title a person can read, and the grouping key that decides which crashes are one issue. Both come
 * from the trusted frames of the crashing thread; a scanned frame may be a leftover, so it and everything above it never count.
 *
 * Key: version, kind of fault, then up to MAX_KEY_FRAMES frames, hashed. A named frame is its function; an unnamed one is module,
 * debug id and offset, which is stable for one build of a file.
 */
import type { ReportFrame, ReportModule, ReportSignature, ReportThread } from "./report.ts";

export const MAX_KEY_FRAMES = 5;
const MAX_TITLE_CHARACTERS = 250;

/** Frames at the inner end that only report the crash: raising, aborting, asserting, panicking, unwinding. */
const REPORTING_FUNCTION = new RegExp(
  [
    "^(__)?(GI_)*_*(abort|raise|gsignal|kill|tgkill|pthread_kill)\\b",
    "^__pthread_kill(_implementation|_internal)?$",
    "^(__assert|_assert|_wassert|__fortify_fail|__stack_chk_fail|__libc_message|malloc_printerr)",
    "^std::(__)?terminate|^__cxxabiv1::|^__cxa_(throw|rethrow|pure_virtual|call_terminate)|^__gnu_cxx::__verbose_terminate_handler",
    "^(core|std)::panicking::|^core::(option|result)::(unwrap|expect)_failed|^rust_(begin_unwind|panic)|^__rust_(start_panic|end_short_backtrace|abort)",
    "^std::(sys|sys_common|backtrace|process)::.*(abort|short_backtrace)|^panic_abort::",
    "^(_CxxThrowException|RaiseException|RtlRaiseException|KiUserExceptionDispatch(er)?|_invoke_watson|_invalid_parameter|_purecall|__fastfail)",
  ].join("|"),
);

/** Frames at the outer end that every thread has. */
const START_FUNCTION =
  /^(_start|__libc_start_main.*|__libc_start_call_main|start_thread|clone3?|__clone|BaseThreadInitThunk|RtlUserThreadStart|_?start|thread_start|_pthread_start)$/;

/** Modules of the system whose frames at the inner end say how, not where: the crash is in whoever called them. */
const SYSTEM_MODULE =
  /^(libc([-.].*)?\.so.*|libpthread.*\.so.*|libc\+\+abi.*|libstdc\+\+\.so.*|libgcc_s.*|libsystem_(kernel|pthread|c|platform)\.dylib|ntdll\.dll|kernel32\.dll|kernelbase\.dll|ucrtbase.*\.dll|vcruntime.*\.dll|linux-gate\.so|linux-vdso.*|ld-.*\.so.*)$/i;

export function signatureOf(thread: ReportThread | null, modules: readonly ReportModule[], reason: string | null): ReportSignature {
  const kind = reason === null ? "no exception" : (reason.split(" / ")[0] ?? reason);
  const trusted = trustedFrames(thread);
  const relevant = withoutNoise(trusted);
  if (relevant.length === 0) {
    const title = thread === null ? "No crashing thread" : "Empty stack";
    return { title: reason === null ? title : `${title}: ${kind}`, grouping_key: groupingKey([kind, title]), provisional: false };
  }
  const used = relevant.slice(0, MAX_KEY_FRAMES);
  const first = used[0]!;
  const lastUsed = used.at(-1)!;
  const cutShort =
    used.length < MAX_KEY_FRAMES &&
    trusted.at(-1) === lastUsed &&
    thread !== null &&
    thread.frames.length > trusted.length &&
    lacksUnwind(lastUsed, modules);
  return {
    title: frameTitle(first).slice(0, MAX_TITLE_CHARACTERS),
    grouping_key: groupingKey([kind, ...used.map((frame) => frameKey(frame, modules))]),
    provisional: cutShort || used.some((frame) => frame.function === null && frame.status !== "unknown_image"),
  };
}

/** From the innermost frame up to the first that was only guessed. */
function trustedFrames(thread: ReportThread | null): ReportFrame[] {
  const frames = thread?.frames ?? [];
  const guessed = frames.findIndex((frame) => frame.trust === "scan" || frame.trust === "none");
  return guessed < 0 ? frames : frames.slice(0, guessed);
}

function withoutNoise(frames: ReportFrame[]): ReportFrame[] {
  const isStart = (frame: ReportFrame): boolean => frame.function !== null && START_FUNCTION.test(frame.function);
  const inner = frames.filter((frame) => !isStart(frame));
  const relevant = inner.findIndex(
    (frame) =>
      !(frame.function !== null && REPORTING_FUNCTION.test(plainName(frame.function))) &&
      !(frame.module !== null && SYSTEM_MODULE.test(frame.module)),
  );
  // Nothing but system frames: better those than nothing.
  const kept = relevant < 0 ? inner : inner.slice(relevant);
  // An instruction pointer in no module (a jump through a bad pointer) differs from crash to crash; its caller is the place.
  return kept.length > 1 && kept[0]!.module === null ? kept.slice(1) : kept;
}

function lacksUnwind(frame: ReportFrame, modules: readonly ReportModule[]): boolean {
  const module = frame.module_index === null ? undefined : modules[frame.module_index];
  return module?.own === true && (module.needs === "unwind" || module.needs === "both");
}

/** "geo::walk", or "app+0x1234" without a name. */
export function frameTitle(frame: ReportFrame): string {
  if (frame.function !== null) return plainName(frame.function);
  if (frame.module !== null) return `${frame.module}+0x${BigInt(frame.module_offset ?? "0x0").toString(16)}`;
  return `0x${BigInt(frame.offset).toString(16)}`;
}

function frameKey(frame: ReportFrame, modules: readonly ReportModule[]): string {
  if (frame.function !== null) return plainName(frame.function);
  const module = frame.module_index === null ? undefined : modules[frame.module_index];
  if (!module) return "?";
  return `${module.filename}@${module.debug_id ?? module.code_id ?? ""}+${frame.module_offset}`;
}

/** The function without its parameter list, so that a changed parameter does not make a new issue. */
export function plainName(name: string): string {
  const operator = name.lastIndexOf("operator()");
  const from = operator < 0 ? 0 : operator + "operator()".length;
  let depth = 0;
  for (let i = name.length - 1; i >= from; i--) {
    const c = name[i];
    if (c === ")") depth++;
    else if (c === "(" && --depth === 0) {
      const head = name.slice(0, i);
      // "(anonymous namespace)::f" has parentheses that are no parameter list.
      return head.trim() === "" || head.endsWith("::") ? name : head.trim();
    } else if (depth === 0 && !/[\w\s&\][]/.test(c ?? "")) {
      return name;
    }
  }
  return name;
}

/** FNV-1a of 128 bits over the parts: a name for the group, not a proof against forgery. */
function groupingKey(parts: readonly string[]): string {
  const text = parts.join("\n");
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(128, (hash ^ BigInt(text.charCodeAt(i))) * 0x0000000001000000000000000000013bn);
  }
  return `1:${hash.toString(16).padStart(32, "0")}`;
}
