"use client";
/** What stands around a list: the bar of filters above it, "show more" below it. */
import { Search } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { Input } from "./field.tsx";

export function FilterBar({ children, trailing }: { children: ReactNode; trailing?: ReactNode }) {
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      {children}
      {trailing === undefined ? null : <div className="ml-auto flex items-center gap-2">{trailing}</div>}
    </div>
  );
}

/** A search field; "/" moves the focus into it (see the help of shortcuts). */
export function SearchInput({
  value,
  onChange,
  label,
  placeholder,
}: {
  value: string;
  onChange(value: string): void;
  label: string;
  placeholder: string;
}) {
  return (
    <div className="relative min-w-0 flex-1 basis-56 sm:max-w-96">
      <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
      <Input
        type="search"
        data-list-search
        aria-label={label}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="pl-8"
      />
    </div>
  );
}

export function ShowMore({ hasMore, loading, onMore }: { hasMore: boolean; loading: boolean; onMore(): void }) {
  return hasMore ? (
    <div className="mt-3 flex justify-center">
      <Button busy={loading} onClick={onMore}>
        Show more
      </Button>
    </div>
  ) : null;
}
