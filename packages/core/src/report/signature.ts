/**
 * The signature of a crash: a title a person can read, and the grouping key that decides which crashes are one issue. Both come
 * from the trusted frames of the crashing thread; a scanned frame may be a leftover, so it and everything above it never count.
 *
 * Key: version, kind of fault, then up to MAX_KEY_FRAMES frames, hashed. A named frame is its function; an unnamed one is module,
 * debug id and offset, which is stable for one build of a file. Names of the program come readable from symbol files and mangled from others, and
 * each tool spells them its own way: key-name.ts makes them one.
 */
import { shortName } from "../demangle/short-name.ts";
import { keyName } from "./key-name.ts";
import type { ReportFrame, ReportModule, ReportSignature, ReportThread } from "./report.ts";

export const MAX_KEY_FRAMES = 5;
const MAX_TITLE_CHARACTERS = 250;

/** Frames at the inner end that only report the crash: raising, aborting, asserting, panicking, unwinding. As keyName writes names. */
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

/** Library code at the inner end does what its caller asked. As keyName writes names. */
const LIBRARY_FUNCTION = /^(std|core|alloc|__gnu_cxx|__rustc)::|^<(std|core|alloc)::|^<[^:]* as (std|core|alloc)::/;

/** Frames at the outer end that every thread has. */
const START_FUNCTION =
  /^(_start|__libc_start_main.*|__libc_start_call_main|start_thread|clone3?|__clone|BaseThreadInitThunk|RtlUserThreadStart|_?start|thread_start|_pthread_start)$/;

/** As keyName writes names. */
const ANONYMOUS_FUNCTION = /^(operator\(\)|\{closure\}|\{lambda\})$/;

/** Modules of the system: their frames say how, not where; the crash is in whoever called them. */
const SYSTEM_MODULE =
  /^(libc([-.].*)?\.so.*|libpthread.*\.so.*|libc\+\+abi.*|libstdc\+\+\.so.*|libgcc_s.*|libsystem_(kernel|pthread|c|platform)\.dylib|ntdll\.dll|kernel32\.dll|kernelbase\.dll|ucrtbase.*\.dll|vcruntime.*\.dll|linux-gate\.so|linux-vdso.*|ld-.*\.so.*)$/i;

/** One step of the program: a function that ran, inlined or not, or a place without a name. */
type Step = { name: string | null; frame: ReportFrame };

export function signatureOf(thread: ReportThread | null, modules: readonly ReportModule[], reason: string | null): ReportSignature {
  const kind = reason === null ? "no exception" : (reason.split(" / ")[0] ?? reason);
  const trusted = trustedFrames(thread);
  const relevant = withoutNoise(trusted.flatMap(stepsOf), modules);
  const first = relevant[0];
  if (!first) {
    const title = thread === null ? "No crashing thread" : "Empty stack";
    return { title: reason === null ? title : `${title}: ${kind}`, grouping_key: groupingKey([kind, title]), provisional: false };
  }
  const used = relevant.slice(0, MAX_KEY_FRAMES);
  const lastTrusted = trusted.at(-1);
  const cutShort =
    relevant.length < MAX_KEY_FRAMES &&
    lastTrusted !== undefined &&
    (thread?.frames.length ?? 0) > trusted.length &&
    lacksUnwind(lastTrusted, modules);
  return {
    // A bare lambda says nothing; the function around it does.
    title: stepTitle(relevant.find((step) => step.name === null || !ANONYMOUS_FUNCTION.test(keyName(step.name))) ?? first).slice(
      0,
      MAX_TITLE_CHARACTERS,
    ),
    grouping_key: groupingKey([kind, ...used.map((step) => stepKey(step, modules))]),
    provisional: cutShort || used.some((step) => step.name === null && step.frame.status !== "unknown_image"),
  };
}

/** From the innermost frame up to the first that was only guessed. */
function trustedFrames(thread: ReportThread | null): ReportFrame[] {
  const frames = thread?.frames ?? [];
  const guessed = frames.findIndex((frame) => frame.trust === "scan" || frame.trust === "none");
  return guessed < 0 ? frames : frames.slice(0, guessed);
}

/**
 * Inlined functions count like called ones: which of them the compiler inlines changes from build to build. Without a name they add nothing to
 * the function around them.
 */
function stepsOf(frame: ReportFrame): Step[] {
  const inlined = (frame.inlines ?? []).flatMap(({ function: name }): Step[] => (name === null ? [] : [{ name, frame }]));
  return [...inlined, { name: frame.function, frame }];
}

/**
 * What says where in the team's program the crash is. Frames of the system's modules and unnamed frames of foreign ones differ from one
 * machine to the next, so they would split an issue; reporting and library functions at the inner end would merge unrelated ones.
 */
function withoutNoise(all: Step[], modules: readonly ReportModule[]): Step[] {
  const inner = all.filter((step) => step.name === null || !START_FUNCTION.test(step.name));
  const steps = inner.filter((step) => isTelling(step, modules));
  const relevant = steps.findIndex((step) => step.name === null || !isReporting(step.name));
  // Nothing but system and library: better those than nothing.
  return relevant < 0 ? inner : steps.slice(relevant);
}

function isTelling({ name, frame }: Step, modules: readonly ReportModule[]): boolean {
  if (frame.module === null || frame.module_index === null || SYSTEM_MODULE.test(frame.module)) return false;
  return name !== null || modules[frame.module_index]?.own === true;
}

function isReporting(name: string): boolean {
  const plain = keyName(name);
  return REPORTING_FUNCTION.test(plain) || LIBRARY_FUNCTION.test(plain);
}

function lacksUnwind(frame: ReportFrame, modules: readonly ReportModule[]): boolean {
  const module = frame.module_index === null ? undefined : modules[frame.module_index];
  return module?.own === true && (module.needs === "unwind" || module.needs === "both");
}

/** "geo::walk", or "app+0x1234" without a name. */
function stepTitle({ name, frame }: Step): string {
  if (name !== null) return shortName(name);
  if (frame.module !== null) return `${frame.module}+0x${BigInt(frame.module_offset ?? "0x0").toString(16)}`;
  return `0x${BigInt(frame.offset).toString(16)}`;
}

function stepKey({ name, frame }: Step, modules: readonly ReportModule[]): string {
  if (name !== null) return keyName(name);
  const module = frame.module_index === null ? undefined : modules[frame.module_index];
  if (!module) return "?";
  return `${module.filename}@${module.debug_id ?? module.code_id ?? ""}+${frame.module_offset}`;
}

/** FNV-1a of 128 bits over the parts: a name for the group, not a proof against forgery. */
function groupingKey(parts: readonly string[]): string {
  const text = parts.join("\n");
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(128, (hash ^ BigInt(text.charCodeAt(i))) * 0x0000000001000000000000000000013bn);
  }
  return `2:${hash.toString(16).padStart(32, "0")}`;
}
