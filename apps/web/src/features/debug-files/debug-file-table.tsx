"use client";
/** Debug files as a table: what each is, and what it has and lacks. */
import type { DebugFileView, LookupFileState } from "@salvage/contracts";
import { Gauge, LoaderCircle, type LucideIcon, Trash2 } from "lucide-react";
import { OsName } from "#web/features/states/index.ts";
import { featureNames, kindNames } from "#web/features/uploads/index.ts";
import { Chip, StateText } from "#web/ui/badge.tsx";
import { IconButton } from "#web/ui/button.tsx";
import { CopyId } from "#web/ui/copy.tsx";
import { formatBytes } from "#web/ui/format.ts";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";

/** A file without a lookup file is as good, and slower. */
const lookupWords: Readonly<Record<Exclude<LookupFileState, "ready">, { word: string; title: string; icon: LucideIcon }>> = {
  being_made: { word: "Readable", icon: LoaderCircle, title: "Crashes read this file as it is; its lookup file is being made" },
  impossible: { word: "Readable, slower", icon: Gauge, title: "No lookup file could be made of it, so crashes read the file as it is" },
};

export function DebugFileTable({
  files,
  deleteBlocked,
  onDelete,
}: {
  files: DebugFileView[];
  deleteBlocked: string | null;
  onDelete(file: DebugFileView): void;
}) {
  return (
    <Table label="Debug files">
      <Thead>
        <Th>Name</Th>
        <Th>Debug id</Th>
        <Th className="hidden lg:table-cell">Kind</Th>
        <Th className="hidden sm:table-cell">Has</Th>
        <Th className="hidden md:table-cell" num>
          Size
        </Th>
        <Th className="hidden lg:table-cell" num>
          Uploaded
        </Th>
        <Th>
          <span className="sr-only">Actions</span>
        </Th>
      </Thead>
      <tbody>
        {files.map((file) => (
          <Tr key={file.id}>
            <Td className="max-w-64">
              <code className="block truncate font-medium" title={file.name}>
                {file.name}
              </code>
              {file.lookupFile === "ready" ? null : <LookupMark state={file.lookupFile} />}
            </Td>
            <Td className="max-w-72">
              {file.debugId === null ? (
                file.codeId === null ? (
                  "–"
                ) : (
                  <CopyId text={file.codeId} what="code id" />
                )
              ) : (
                <CopyId text={file.debugId} what="debug id" />
              )}
            </Td>
            <Td className="hidden text-sm whitespace-nowrap text-ink-2 lg:table-cell">
              {kindNames[file.kind]} <OsName os={null} cpu={file.cpu} />
            </Td>
            <Td className="hidden sm:table-cell">
              <span className="flex gap-1">
                {featureNames.map(([feature, word]) => (
                  <Chip key={feature} on={file.features.includes(feature)}>
                    {word}
                  </Chip>
                ))}
              </span>
            </Td>
            <Td num className="hidden text-sm whitespace-nowrap text-ink-2 md:table-cell">
              {formatBytes(file.sizeBytes)}
            </Td>
            <Td num className="hidden text-sm whitespace-nowrap text-ink-2 lg:table-cell">
              <span title={`By ${file.uploadedBy}`}>
                <RelativeTime at={file.uploadedAt} />
              </span>
            </Td>
            <Td num className="w-10">
              <IconButton label={`Delete ${file.name}`} data-row-link disabledReason={deleteBlocked} onClick={() => onDelete(file)}>
                <Trash2 aria-hidden />
              </IconButton>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function LookupMark({ state }: { state: Exclude<LookupFileState, "ready"> }) {
  const { word, ...rest } = lookupWords[state];
  return (
    <StateText tone="info" spin={state === "being_made"} {...rest}>
      {word}
    </StateText>
  );
}
