"use client";
/** Tabs: within a page (Radix), and as links where the tab is part of the address. */
import Link from "next/link";
import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "./cn.ts";

export type Tab = { value: string; label: ReactNode; content: ReactNode };

const tabClass =
  "-mb-px inline-flex h-8 items-center gap-1.5 border-b-2 border-transparent px-2.5 text-sm font-medium whitespace-nowrap text-ink-2 hover:text-ink";
const tabOn = "border-accent text-ink";

export function Tabs({ label, tabs, value, onChange }: { label: string; tabs: Tab[]; value?: string; onChange?: (value: string) => void }) {
  const first = tabs[0]?.value ?? "";
  return (
    <Radix.Root
      {...(value === undefined ? { defaultValue: first } : { value })}
      {...(onChange === undefined ? {} : { onValueChange: onChange })}
    >
      <Radix.List aria-label={label} className="flex gap-1 overflow-x-auto border-b border-line">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className={cn(tabClass, "data-[state=active]:border-accent data-[state=active]:text-ink")}
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className="pt-3">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

export type LinkTab = { href: string; label: ReactNode; active: boolean };

/** Where tabs do not all fit, the active one is seen. */
const intoView = (tab: HTMLAnchorElement | null) => tab?.scrollIntoView({ block: "nearest", inline: "nearest" });

/** Tabs that are addresses. */
export function LinkTabs({ label, tabs }: { label: string; tabs: LinkTab[] }) {
  return (
    <nav aria-label={label} className="flex gap-1 overflow-x-auto border-b border-line">
      {tabs.map((tab) => (
        <Link
          key={tab.href}
          ref={tab.active ? intoView : null}
          href={tab.href}
          aria-current={tab.active ? "page" : undefined}
          className={cn(tabClass, tab.active && tabOn)}
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}
