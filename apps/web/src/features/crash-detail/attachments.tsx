"use client";
/** Files that came with the crash: what they are, and each to be saved, as long as the dump is held. */
import type { CrashDetail } from "@salvage/contracts";
import { Download } from "lucide-react";
import { useDisabledReason } from "#web/features/workspace/index.ts";
import { IconButton } from "#web/ui/button.tsx";
import { formatBytes } from "#web/ui/format.ts";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";
import { useDownload } from "./use-download.ts";

export function Attachments({ crash }: { crash: CrashDetail }) {
  const download = useDownload(crash.id);
  const mayNot = useDisabledReason("dump:download");
  return (
    <Table label="Attachments" className="rounded-none border-0">
      <Thead>
        <Th>Name</Th>
        <Th className="hidden sm:table-cell">Type</Th>
        <Th className="text-right">Size</Th>
        <Th>
          <span className="sr-only">Save</span>
        </Th>
      </Thead>
      <tbody>
        {crash.attachments.map((file) => (
          <Tr key={file.id}>
            <Td className="w-full font-mono text-sm [overflow-wrap:anywhere]">{file.fileName}</Td>
            <Td className="hidden text-sm whitespace-nowrap text-ink-2 sm:table-cell">{file.contentType ?? "–"}</Td>
            <Td className="text-right text-sm whitespace-nowrap tabular-nums">{formatBytes(file.sizeBytes)}</Td>
            <Td>
              <IconButton label={`Download ${file.fileName}`} disabledReason={mayNot} onClick={() => download.mutate(file.id)}>
                <Download aria-hidden />
              </IconButton>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}
