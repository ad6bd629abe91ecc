/**
 * Every dump of a folder (SALVAGE_CORPUS) against `minidump-stackwalk --json` (its path in SALVAGE_STACKWALK): crash, system, modules, threads,
 * registers and the other streams, field by field, both without symbols. Skipped when either is not set. Each difference we stand by is in
 * ACCEPTED with its reason; any other fails. The counts are printed.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { openDisassembler } from "../../disassembler/src/index.ts";
import { BufferSource, cpuOfMinidump, FormatError, processMinidump, type Report } from "../src/index.ts";

const folder = process.env.SALVAGE_CORPUS;
const tool = process.env.SALVAGE_STACKWALK;

/** Another program's output, looked at field by field. */
type Json = unknown;
type Difference = { field: string; ours: unknown; theirs: unknown; report: Report };

const isZeroId = (value: unknown): boolean => value === "" || (typeof value === "string" && /^0*[0-9a-f]*$/.test(value));

const ACCEPTED: readonly { reason: string; covers(difference: Difference): boolean }[] = [
  {
    reason: "an id or name that the dump does not have is null, not zeros or an empty text",
    covers: ({ field, ours, theirs }) => /^module\.(code_id|debug_id|debug_file)$/.test(field) && ours === null && isZeroId(theirs),
  },
  {
    reason: "a record without a name of the debug file is called as its module is",
    covers: ({ field, ours, theirs }) => field === "module.debug_file" && ours !== null && theirs === "",
  },
  {
    reason: "a last error has its Win32 name; they give the NTSTATUS of the same number",
    covers: ({ ours, theirs }) => ours === "WAIT_TIMEOUT" && theirs === "STATUS_TIMEOUT",
  },
  {
    reason: "the AssertionInfo stream and assertion annotations are read",
    covers: ({ field, ours, theirs }) => field === "crash.assertion" && ours !== null && theirs === null,
  },
  {
    reason: "Crashpad's exception of the Objective-C run time has a name",
    covers: ({ field, ours }) => field === "crash.type" && ours === "UNCAUGHT_NS_EXCEPTION",
  },
  {
    reason: "a crash at address 0 is a null pointer, not a flipped bit",
    covers: ({ field, report }) => field === "crash.possible_bit_flips" && /^0x0+$/.test(report.crash_info.address ?? ""),
  },
  {
    reason: "a flip counts only where memory allows what the instruction tried; they do not ask it where the system does not tell",
    covers: ({ field, ours, report }) =>
      field === "crash.possible_bit_flips" && Array.isArray(ours) && ours.length === 0 && report.crash_info.access === "write",
  },
  {
    reason: "the kind of access is known of every instruction, not only of some",
    covers: ({ field, ours, theirs }) =>
      field === "crash.memory_accesses" && /^\? /.test(list(theirs).join()) && String(ours).replace(/^\w+/, "?") === String(theirs),
  },
  {
    reason: "only threads of Windows have a last error",
    covers: ({ field, report }) => field === "thread.last_error_value" && report.system_info.os !== "Windows NT",
  },
];

/** A value inside another program's output, by the names on the way; undefined where there is none. */
function at(value: Json, ...path: (string | number)[]): Json {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}

function list(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Pairs of values that must be equal, by the name of their field. */
function* pairs(ours: Report, theirs: Json): Generator<[string, unknown, unknown]> {
  for (const field of ["type", "address", "assertion", "crashing_thread"] as const) {
    yield [`crash.${field}`, ours.crash_info[field], at(theirs, "crash_info", field)];
  }
  // They decode amd64 only, and from the dump's memory only.
  if (at(theirs, "crash_info", "instruction") != null) {
    const { instruction, memory_accesses, adjusted_address, instruction_pointer_update } = ours.crash_info;
    yield ["crash.instruction", spelling(instruction), spelling(at(theirs, "crash_info", "instruction"))];
    yield ["crash.memory_accesses", accesses(memory_accesses ?? []), accesses(list(at(theirs, "crash_info", "memory_accesses")))];
    yield ["crash.adjusted_address", adjusted_address, at(theirs, "crash_info", "adjusted_address")];
    yield ["crash.instruction_pointer_update", instruction_pointer_update, at(theirs, "crash_info", "instruction_pointer_update")];
  }
  yield [
    "crash.possible_bit_flips",
    bitFlips(ours.crash_info.possible_bit_flips ?? []),
    bitFlips(list(at(theirs, "crash_info", "possible_bit_flips"))),
  ];
  yield [
    "crash.crash_inconsistencies",
    ours.crash_info.crash_inconsistencies ?? [],
    list(at(theirs, "crash_info", "crash_inconsistencies")),
  ];
  for (const field of ["os", "os_ver", "cpu_arch", "cpu_count", "cpu_info", "cpu_microcode_version"] as const) {
    yield [`system.${field}`, ours.system_info[field], at(theirs, "system_info", field)];
  }
  for (const field of ["pid", "process_uptime", "linux_memory_map_count", "mac_boot_args", "main_module", "thread_count"] as const) {
    yield [field, ours[field], at(theirs, field)];
  }
  for (const field of ["id", "release", "codename", "description"] as const) {
    yield [`lsb_release.${field}`, ours.lsb_release?.[field], at(theirs, "lsb_release", field)];
  }
  yield ["mac_crash_info.num_records", ours.mac_crash_info?.num_records, at(theirs, "mac_crash_info", "num_records")];
  yield ["handles", ours.handle_counts?.total, at(theirs, "handles", "length")];
  const placed = (m: Json): string => ["filename", "code_id", "base_addr", "end_addr"].map((field) => at(m, field)).join(" ");
  yield ["unloaded_modules", ours.unloaded_modules.map(placed), list(at(theirs, "unloaded_modules")).map(placed)];
  yield ["modules", ours.modules.length, list(at(theirs, "modules")).length];
  // They sort modules by address.
  const byAddress = new Map(ours.modules.map((m) => [`${m.base_addr} ${m.filename}`, m]));
  for (const other of list(at(theirs, "modules"))) {
    const module = byAddress.get(`${at(other, "base_addr")} ${at(other, "filename")}`);
    for (const field of ["end_addr", "debug_file", "debug_id", "code_id", "version"] as const) {
      yield [`module.${field}`, module?.[field], at(other, field)];
    }
  }
  for (const [i, other] of list(at(theirs, "threads")).entries()) {
    const thread = ours.threads[i];
    yield ["thread.thread_id", thread?.thread_id, at(other, "thread_id")];
    yield ["thread.thread_name", thread?.thread_name, at(other, "thread_name") || null];
    yield ["thread.last_error_value", thread?.last_error_value, at(other, "last_error_value")];
  }
  const registers = at(theirs, "crashing_thread", "frames", 0, "registers") ?? {};
  const known = ours.crashing_thread?.frames[0]?.registers;
  for (const [name, value] of Object.entries(registers)) yield [`register ${name}`, known?.[name], value];
}

/** Null where the bytes are no dump that could be reported on. */
async function reportOf(source: BufferSource): Promise<Report | null> {
  try {
    const disassemble = await openDisassembler(cpuOfMinidump(source));
    return processMinidump(source, { image: () => null, own: () => false, disassemble });
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** Numbers without sign and in 32 bits, as far as the two write them differently. */
function spelling(text: Json): string {
  const number = (_: string, sign: string, digits: string) =>
    BigInt.asUintN(32, sign === "-" ? -BigInt(digits) : BigInt(digits)).toString(16);
  return String(text)
    .replace(/^int 0x3$/, "int3")
    .replace(/(?<=, |\[)(-?)(0x[0-9a-f]+)/g, number);
}

function accesses(found: readonly Json[]): string[] {
  return found.map((access) => `${at(access, "access_type") ?? "?"} ${at(access, "size")} ${at(access, "address")}`);
}

function bitFlips(flips: readonly Json[]): string[] {
  return flips.map((flip) => `${at(flip, "address")} ${Number(at(flip, "confidence")).toFixed(2)} ${at(flip, "source_register")}`);
}

const skip = folder === undefined || tool === undefined ? "SALVAGE_CORPUS or SALVAGE_STACKWALK is not set" : false;

test("a folder of dumps against minidump-stackwalk", { skip }, async (t) => {
  const counts = { dumps: 0, refusedByThem: 0, fields: 0, accepted: 0 };
  const wrong: string[] = [];
  const root = folder ?? "";
  const dumps = readdirSync(root, { withFileTypes: true, recursive: true }).filter((e) => e.isFile() && e.name.endsWith(".dmp"));
  for (const entry of dumps) {
    const path = join(entry.parentPath, entry.name);
    const source = new BufferSource(readFileSync(path));
    const report = await reportOf(source);
    counts.dumps++;
    const run = spawnSync(tool ?? "", ["--json", path], { encoding: "utf8", maxBuffer: 256 * 1024 * 1024 });
    if (run.status !== 0 || run.stdout === "") {
      counts.refusedByThem++;
      continue;
    }
    if (report === null) {
      wrong.push(`${relative(root, path)}: refused, and they read it`);
      continue;
    }
    for (const [field, ours, theirs] of pairs(report, JSON.parse(run.stdout))) {
      counts.fields++;
      if (JSON.stringify(ours ?? null) === JSON.stringify(theirs ?? null)) continue;
      if (ACCEPTED.some(({ covers }) => covers({ field, ours: ours ?? null, theirs, report }))) counts.accepted++;
      else wrong.push(`${relative(root, path)}: ${field}: ${JSON.stringify(ours)} instead of ${JSON.stringify(theirs)}`);
    }
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.dumps > 0, "the folder has dumps");
  assert.deepEqual(wrong, []);
});
