"use client";
/** j and k walk the rows of a page, x selects, Enter opens. Rows mark their link with `data-row-link`, their box with `data-row-select`. */
import { useEffect } from "react";

/** True when a key press belongs to a field, a dialog or a shortcut of the browser. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest("input:not([type=checkbox]), textarea, select, [role=dialog], [role=menu], [cmdk-root]") !== null
  );
}

/** Put once on a page that has rows. */
export function RowKeys() {
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (isTyping(event)) return;
      const links = [...document.querySelectorAll<HTMLElement>("[data-row-link]")].filter((link) => link.offsetParent !== null);
      if (links.length === 0) return;
      const row = document.activeElement?.closest("tr, li, article") ?? null;
      const at = links.findIndex((link) => link === document.activeElement || (row?.contains(link) ?? false));
      if (event.key === "j" || event.key === "k") {
        const to = at === -1 ? 0 : Math.min(links.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)));
        links[to]?.focus();
        links[to]?.scrollIntoView({ block: "nearest" });
        event.preventDefault();
      }
      if (event.key === "x" && at !== -1) {
        const box = links[at]?.closest("tr, li, article")?.querySelector<HTMLInputElement>("[data-row-select]");
        if (box !== null && box !== undefined) {
          box.click();
          event.preventDefault();
        }
      }
    }
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return null;
}
