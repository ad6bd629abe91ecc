"use client";
/** Dialogs: one with any content, and one that asks before something cannot be undone. */
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useState } from "react";
import { Button } from "./button.tsx";
import { cn } from "./cn.ts";
import { Field, Input } from "./field.tsx";

export type DialogProps = {
  open: boolean;
  onOpenChange(open: boolean): void;
  title: string;
  description?: ReactNode;
  wide?: boolean;
  children?: ReactNode;
};

export function Dialog({ open, onOpenChange, title, description, wide = false, children }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className={cn(
            "fixed top-[12vh] left-1/2 z-50 max-h-[80vh] w-[calc(100vw-32px)] -translate-x-1/2 overflow-y-auto rounded-xl border border-line bg-raised p-5 shadow-float",
            wide ? "max-w-3xl" : "max-w-md",
          )}
        >
          <div className="mb-3 flex items-start justify-between gap-4">
            <div className="min-w-0">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description === undefined ? null : <Radix.Description className="mt-1 text-ink-2">{description}</Radix.Description>}
            </div>
            <Radix.Close aria-label="Close" className="-mt-1 -mr-1 rounded-md p-1 text-ink-3 hover:bg-sunken hover:text-ink">
              <X aria-hidden className="size-4" />
            </Radix.Close>
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/**
 * Asks before a deed. With `typed`, the word must be typed first.
 * @param onConfirm the deed; the dialog closes when it resolves and stays when it throws
 */
export function ConfirmDialog({
  open,
  onOpenChange,
  title,
  description,
  action,
  typed,
  onConfirm,
}: {
  open: boolean;
  onOpenChange(open: boolean): void;
  title: string;
  description: ReactNode;
  action: string;
  typed?: string;
  onConfirm(): Promise<unknown>;
}) {
  const [word, setWord] = useState("");
  const [busy, setBusy] = useState(false);
  async function confirm() {
    setBusy(true);
    try {
      await onConfirm();
      onOpenChange(false);
      setWord("");
    } catch {
      // The caller has said what went wrong; the dialog stays for another try.
    } finally {
      setBusy(false);
    }
  }
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={title} description={description}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === undefined || word === typed) void confirm();
        }}
      >
        {typed === undefined ? null : (
          <Field label={`Type ${typed} to confirm`}>
            {(ids) => (
              <Input {...ids} value={word} onChange={(event) => setWord(event.target.value)} autoComplete="off" spellCheck={false} />
            )}
          </Field>
        )}
        <div className="mt-4 flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button
            type="submit"
            variant="dangerSolid"
            busy={busy}
            disabledReason={typed !== undefined && word !== typed ? `Type ${typed} first` : null}
          >
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
