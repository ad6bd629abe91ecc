"use client";
/** Ignore this file, every file of a pattern, or everything of a version; or want it again. */
import type { MissingFileView } from "@salvage/contracts";
import { EyeOff } from "lucide-react";
import { useState } from "react";
import { useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { Button } from "#web/ui/button.tsx";
import { Dialog } from "#web/ui/dialog.tsx";
import { Field, Input } from "#web/ui/field.tsx";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "#web/ui/menu.tsx";
import { useIgnore } from "./use-ignore.ts";

export function IgnoreMenu({ file, projectSlug }: { file: MissingFileView; projectSlug: string }) {
  const { orgSlug } = useOrg();
  const [asking, setAsking] = useState(false);
  const blocked = useDisabledReason("crash:write");
  const { ignore, unignore } = useIgnore();

  if (file.state === "ignored") {
    return (
      <Button
        size="sm"
        disabledReason={blocked}
        busy={unignore.isPending}
        onClick={() => unignore.mutate({ orgSlug, missingFileIds: [file.id] })}
        aria-label={`Un-ignore ${file.name}`}
      >
        Un-ignore
      </Button>
    );
  }
  if (blocked !== null) {
    return (
      <Button size="sm" disabledReason={blocked}>
        <EyeOff aria-hidden /> Ignore
      </Button>
    );
  }
  return (
    <>
      <Menu
        align="end"
        trigger={
          <Button size="sm" busy={ignore.isPending} aria-label={`Ignore ${file.name}`}>
            {ignore.isPending ? null : <EyeOff aria-hidden />} Ignore
          </Button>
        }
      >
        <MenuItem onSelect={() => ignore.mutate({ orgSlug, missingFileIds: [file.id] })}>Ignore this file</MenuItem>
        <MenuItem onSelect={() => setAsking(true)}>Ignore by pattern…</MenuItem>
        {file.versions.length === 0 ? null : (
          <>
            <MenuSeparator />
            <MenuLabel>Everything of a version</MenuLabel>
            {file.versions.slice(0, 8).map((version) => (
              <MenuItem key={version} onSelect={() => ignore.mutate({ orgSlug, projectSlug, version })}>
                Ignore all of {version}
              </MenuItem>
            ))}
          </>
        )}
      </Menu>
      <PatternDialog
        open={asking}
        onOpenChange={setAsking}
        start={file.name}
        busy={ignore.isPending}
        onPattern={(pattern) => ignore.mutate({ orgSlug, projectSlug, pattern }, { onSuccess: () => setAsking(false) })}
      />
    </>
  );
}

function PatternDialog({
  open,
  onOpenChange,
  start,
  busy,
  onPattern,
}: {
  open: boolean;
  onOpenChange(open: boolean): void;
  start: string;
  busy: boolean;
  onPattern(pattern: string): void;
}) {
  const [pattern, setPattern] = useState(start);
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Ignore by pattern"
      description="Files whose name matches are ignored, now and when they appear later."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (pattern.trim() !== "") onPattern(pattern.trim());
        }}
      >
        <Field
          label="Pattern"
          hint={
            <>
              <code>*</code> stands for any characters, <code>?</code> for one. Case does not matter.
            </>
          }
        >
          {(ids) => (
            <Input
              {...ids}
              value={pattern}
              onChange={(event) => setPattern(event.target.value)}
              className="font-mono text-sm"
              spellCheck={false}
            />
          )}
        </Field>
        <div className="mt-4 flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Ignore matching files
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
