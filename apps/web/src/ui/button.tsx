"use client";
/** Buttons, and links that look like them. A button that may not be pressed says why, to the mouse and to the keyboard. */
import { LoaderCircle } from "lucide-react";
import Link from "next/link";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "./cn.ts";
import { Tooltip } from "./tooltip.tsx";

const variants = {
  primary: "bg-accent text-on-accent border-transparent hover:bg-accent-hover",
  secondary: "bg-surface text-ink border-line-strong hover:bg-sunken",
  ghost: "bg-transparent text-ink-2 border-transparent hover:bg-sunken hover:text-ink",
  danger: "bg-surface text-bad border-bad-line hover:bg-bad-soft",
  dangerSolid: "bg-bad text-surface border-transparent hover:bg-bad-hover",
} as const;

const sizes = {
  sm: "h-7 px-2 text-sm gap-1.5",
  md: "h-8 px-3 text-base gap-2",
  lg: "h-9 px-4 text-base gap-2",
  icon: "h-7 w-7 justify-center",
} as const;

export type ButtonVariant = keyof typeof variants;
export type ButtonSize = keyof typeof sizes;

/** The classes of a button, for elements that are none. */
export function buttonClass(variant: ButtonVariant = "secondary", size: ButtonSize = "md", className?: string): string {
  return cn(
    "inline-flex shrink-0 items-center rounded-md border font-medium whitespace-nowrap select-none transition-colors [&_svg]:size-4 [&_svg]:shrink-0",
    "disabled:opacity-55 disabled:pointer-events-none aria-disabled:opacity-55 aria-disabled:cursor-not-allowed",
    variants[variant],
    sizes[size],
    className,
  );
}

export type ButtonProps = ComponentProps<"button"> & {
  variant?: ButtonVariant | undefined;
  size?: ButtonSize | undefined;
  /** Work goes on: shows a spinner and takes no second press. */
  busy?: boolean | undefined;
  /** Why this may not be pressed; null or absent when it may. */
  disabledReason?: string | null | undefined;
};

export function Button({
  variant,
  size,
  busy = false,
  disabledReason,
  className,
  children,
  onClick,
  type = "button",
  ...rest
}: ButtonProps) {
  const blocked = typeof disabledReason === "string";
  const button = (
    <button
      {...rest}
      type={blocked ? "button" : type}
      className={buttonClass(variant, size, className)}
      aria-disabled={blocked || busy || undefined}
      aria-busy={busy || undefined}
      onClick={blocked || busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <LoaderCircle className="animate-spin" aria-hidden /> : null}
      {children}
    </button>
  );
  return blocked ? <Tooltip text={disabledReason}>{button}</Tooltip> : button;
}

/** A square button with an icon; `label` is its name and its tooltip. */
export function IconButton({ label, children, ...rest }: Omit<ButtonProps, "size" | "children"> & { label: string; children: ReactNode }) {
  const button = (
    <Button variant="ghost" size="icon" aria-label={label} {...rest}>
      {children}
    </Button>
  );
  return typeof rest.disabledReason === "string" ? button : <Tooltip text={label}>{button}</Tooltip>;
}

export function ButtonLink({
  variant,
  size,
  className,
  ...rest
}: ComponentProps<typeof Link> & { variant?: ButtonVariant; size?: ButtonSize }) {
  return <Link {...rest} className={buttonClass(variant, size, className)} />;
}
