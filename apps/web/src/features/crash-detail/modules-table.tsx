"use client";
/** All modules of the process: which have debug files, which lack them and why what is held did not match, which no stack touched. */
import { type CrashDetail, fileKey, type Report } from "@salvage/contracts";
import { CircleCheck, CircleDashed, CircleMinus, CircleX, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { NearFiles, waitingOf } from "#web/features/processing-issues/index.ts";
import { formatFileNeed } from "#web/features/workspace/index.ts";
import { Badge, StateText, type Tone } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { CopyId } from "#web/ui/copy.tsx";
import { Input } from "#web/ui/field.tsx";
import { shortHex } from "#web/ui/format.ts";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";

type Module = Report["modules"][number];

function mark(module: Module): { word: string; tone: Tone; icon: LucideIcon; title: string } {
  if (module.status === "unused")
    return { word: "Not needed", tone: "neutral", icon: CircleMinus, title: "No stack goes through this module" };
  if (module.corrupt_symbols) return { word: "Damaged file", tone: "bad", icon: CircleX, title: "The debug file could not be read" };
  if (module.needs === null && module.loaded_symbols)
    return { word: "Found", tone: "good", icon: CircleCheck, title: "Names and unwind rules as needed" };
  const needs = module.needs === null ? "a debug file" : formatFileNeed(module.needs);
  return {
    word: "Missing",
    tone: module.own ? "warn" : "neutral",
    icon: CircleDashed,
    title: module.own ? `Lacks ${needs}` : `Lacks ${needs}; not your own, so nothing waits for it`,
  };
}

/** Own first, then those that a stack touches, then the rest; by name within. */
function rank(module: Module): number {
  return (module.status === "unused" ? 2 : 0) + (module.own ? 0 : 1);
}

/** The project's missing file that the module wants, null when it lacks nothing. */
function missingOf(module: Module, crash: CrashDetail): CrashDetail["missing"][number] | null {
  if (module.needs === null) return null;
  const key = fileKey(module.debug_id, module.code_id, module.filename);
  return crash.missing.find((file) => file.fileKey === key && file.state !== "found") ?? null;
}

export function ModulesTable({ report, crash }: { report: Report; crash: CrashDetail }) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const modules = report.modules
    .filter(
      (module) => wanted === "" || [module.filename, module.debug_id, module.code_id].some((text) => text?.toLowerCase().includes(wanted)),
    )
    .sort((a, b) => rank(a) - rank(b) || a.filename.localeCompare(b.filename));
  return (
    <div>
      <div className="border-b border-line px-4 py-2">
        <Input
          type="search"
          aria-label="Find a module"
          placeholder="Find by name or id"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          className="max-w-72"
        />
      </div>
      <Table label="Modules" className="rounded-none border-0">
        <Thead>
          <Th>Module</Th>
          <Th>Status</Th>
          <Th className="hidden lg:table-cell">Version</Th>
          <Th>Debug id</Th>
          <Th className="hidden xl:table-cell">Code id</Th>
          <Th className="hidden md:table-cell">Base</Th>
        </Thead>
        <tbody>
          {modules.map((module) => (
            <ModuleRow key={module.base_addr} module={module} crash={crash} />
          ))}
        </tbody>
      </Table>
      {modules.length === 0 ? <p className="px-4 py-3 text-ink-3">No module matches “{search}”.</p> : null}
    </div>
  );
}

function ModuleRow({ module, crash }: { module: Module; crash: CrashDetail }) {
  const [open, setOpen] = useState(false);
  const missing = missingOf(module, crash);
  return (
    <>
      <Tr>
        <Td className="max-w-72">
          <div className="flex items-center gap-2">
            <code className="truncate" title={module.code_file}>
              {module.filename}
            </code>
            {module.own ? <Badge tone="accent">own</Badge> : null}
          </div>
        </Td>
        <Td>
          <div className="flex items-center gap-1.5">
            <ModuleMark module={module} />
            {missing === null ? null : (
              <Button variant="ghost" size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
                Why?<span className="sr-only"> No held file matched {module.filename}</span>
              </Button>
            )}
          </div>
        </Td>
        <Td className="hidden text-sm text-ink-2 lg:table-cell">{module.version ?? "–"}</Td>
        <Td className="max-w-56">
          {module.debug_id === null ? "–" : <CopyId text={module.debug_id} what={`debug id of ${module.filename}`} />}
        </Td>
        <Td className="hidden max-w-56 xl:table-cell">
          {module.code_id === null ? "–" : <CopyId text={module.code_id} what={`code id of ${module.filename}`} />}
        </Td>
        <Td className="hidden md:table-cell">
          <code className="text-xs text-ink-2">{shortHex(module.base_addr)}</code>
        </Td>
      </Tr>
      {open && missing !== null ? (
        <tr className="border-b border-line bg-sunken">
          <td colSpan={6} className="px-4 py-2.5 whitespace-normal">
            {/* The table may be wider than a phone: this stays in sight. */}
            <div className="sticky left-4 w-fit max-w-[calc(100vw-4.5rem)]">
              <NearFiles
                missingFileId={missing.id}
                wanted={{ name: missing.name, debugId: module.debug_id, cpu: crash.cpu, needs: missing.needs }}
                waiting={waitingOf(crash)}
              />
            </div>
          </td>
        </tr>
      ) : null}
    </>
  );
}

function ModuleMark({ module }: { module: Module }) {
  const { word, ...rest } = mark(module);
  return <StateText {...rest}>{word}</StateText>;
}
