"use client";
/** Form parts: a labelled field with hint and error, text, area, choice, check box, switch. */
import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "./cn.ts";

const box =
  "w-full min-w-0 rounded-md border border-line-strong bg-surface text-ink placeholder:text-ink-3 focus-visible:outline-2 focus-visible:outline-accent disabled:bg-sunken disabled:text-ink-3 aria-invalid:border-bad";

export type FieldIds = { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined };

/** Label, control, hint, error; gives the control the ids that tie them together. */
export function Field({
  label,
  hint,
  error,
  className,
  children,
}: {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  className?: string;
  children: (ids: FieldIds) => ReactNode;
}) {
  const id = useId();
  const hintId = `${id}-hint`;
  const described = error !== undefined || hint !== undefined ? hintId : undefined;
  return (
    <div className={cn("min-w-0", className)}>
      <label htmlFor={id} className="mb-1 block text-sm font-medium text-ink-2">
        {label}
      </label>
      {children({ id, "aria-describedby": described, "aria-invalid": error === undefined ? undefined : true })}
      {error !== undefined ? (
        <p id={hintId} role="alert" className="mt-1 text-sm text-bad">
          {error}
        </p>
      ) : hint !== undefined ? (
        <p id={hintId} className="mt-1 text-sm text-ink-3">
          {hint}
        </p>
      ) : null}
    </div>
  );
}

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input {...rest} className={cn(box, "h-8 px-2.5", className)} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea rows={3} {...rest} className={cn(box, "px-2.5 py-1.5 font-mono text-sm", className)} />;
}

export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select {...rest} className={cn(box, "h-8 w-auto px-2", className)} />;
}

/** A check box with its words; `description` is the smaller line under them. */
export function Checkbox({
  label,
  description,
  className,
  ...rest
}: Omit<ComponentProps<"input">, "type"> & { label: ReactNode; description?: ReactNode }) {
  return (
    <label
      className={cn("flex min-w-0 cursor-pointer items-start gap-2 has-disabled:cursor-not-allowed has-disabled:text-ink-3", className)}
    >
      <input {...rest} type="checkbox" className="mt-[3px] size-3.5 shrink-0 accent-(--accent)" />
      <span className="min-w-0">
        <span className="block">{label}</span>
        {description ? <span className="block text-sm text-ink-3">{description}</span> : null}
      </span>
    </label>
  );
}
