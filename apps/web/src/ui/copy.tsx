"use client";
/** Copy buttons, and things that come with one: ids, fields, commands. */
import { Check, Copy } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { toast } from "sonner";
import { Button } from "./button.tsx";
import { copyText } from "./clipboard.ts";
import { cn } from "./cn.ts";

function useCopied(): [boolean, (text: string) => Promise<void>] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  return [
    copied,
    async (text) => {
      if (await copyText(text)) setCopied(true);
      else toast.error("The browser refused to copy. Select the text and press Ctrl C.");
    },
  ];
}

/** @param what names the thing in the button's label: "Copy <what>" */
export function CopyButton({ text, what, className }: { text: string; what: string; className?: string }) {
  const [copied, copy] = useCopied();
  return (
    <button
      type="button"
      onClick={() => void copy(text)}
      aria-label={copied ? `Copied ${what}` : `Copy ${what}`}
      title={copied ? "Copied" : `Copy ${what}`}
      className={cn(
        "inline-flex size-6 shrink-0 items-center justify-center rounded-sm text-ink-3 hover:bg-sunken hover:text-ink",
        className,
      )}
    >
      {copied ? <Check aria-hidden className="size-3.5 text-good" /> : <Copy aria-hidden className="size-3.5" />}
    </button>
  );
}

/** A labelled copy button. */
export function CopyTextButton({ text, children }: { text: string | (() => string); children: ReactNode }) {
  const [copied, copy] = useCopied();
  return (
    <Button size="sm" onClick={() => void copy(typeof text === "string" ? text : text())}>
      {copied ? <Check aria-hidden className="text-good" /> : <Copy aria-hidden />}
      {copied ? "Copied" : children}
    </Button>
  );
}

/** A short mono text with its copy button, e.g. an id. Long ones are cut in the middle of the line, never in the copy. */
export function CopyId({ text, what, shown, className }: { text: string; what: string; shown?: string; className?: string }) {
  return (
    <span className={cn("inline-flex max-w-full min-w-0 items-center gap-0.5", className)}>
      <code className="truncate text-xs" title={text}>
        {shown ?? text}
      </code>
      <CopyButton text={text} what={what} />
    </span>
  );
}

/** A one-line value in a box, with its copy button: URLs, keys. */
export function CopyField({ label, text, hint }: { label: string; text: string; hint?: string }) {
  return (
    <div className="min-w-0">
      <div className="mb-1 text-sm font-medium text-ink-2">{label}</div>
      <div className="flex h-8 min-w-0 items-center gap-1 rounded-md border border-line bg-sunken pr-1 pl-2.5">
        <code className="min-w-0 flex-1 truncate" title={text}>
          {text}
        </code>
        <CopyButton text={text} what={label} />
      </div>
      {hint ? <p className="mt-1 text-xs text-ink-3">{hint}</p> : null}
    </div>
  );
}

/** A command or a file to copy, as many lines as it has. */
export function CodeBlock({ code, what, className }: { code: string; what: string; className?: string }) {
  return (
    <div className={cn("flex min-w-0 items-start rounded-md border border-line bg-sunken", className)}>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        aria-label={what}
        className="min-w-0 flex-1 overflow-x-auto py-2 pl-3 leading-5"
      >
        <pre>
          <code>{code}</code>
        </pre>
      </section>
      <CopyButton text={code} what={what} className="m-1.5" />
    </div>
  );
}
