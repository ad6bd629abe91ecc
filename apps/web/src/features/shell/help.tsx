"use client";
/** The list of shortcuts, opened by "?"; and "/" to search the list of a page. */
import { CircleHelp } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "#web/ui/button.tsx";
import { Dialog } from "#web/ui/dialog.tsx";
import { Kbd } from "#web/ui/page.tsx";
import { isTyping } from "#web/ui/row-keys.tsx";

const shortcuts: [string[], string][] = [
  [["Ctrl", "K"], "Go to a project, an issue, a crash by id, or a page"],
  [["j"], "Next row"],
  [["k"], "Previous row"],
  [["Enter"], "Open the row"],
  [["x"], "Select the row"],
  [["/"], "Search this list"],
  [["?"], "This help"],
];

export function HelpButton() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (isTyping(event)) return;
      if (event.key === "?") setOpen(true);
      if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("[data-list-search]");
        if (search !== null) {
          event.preventDefault();
          search.focus();
        }
      }
    }
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <IconButton label="Shortcuts" onClick={() => setOpen(true)} className="hidden sm:inline-flex">
        <CircleHelp aria-hidden />
      </IconButton>
      <Dialog open={open} onOpenChange={setOpen} title="Shortcuts">
        <dl className="space-y-2">
          {shortcuts.map(([keys, text]) => (
            <div key={text} className="flex items-center gap-4">
              <dt className="flex w-20 gap-1">
                {keys.map((key) => (
                  <Kbd key={key}>{key}</Kbd>
                ))}
              </dt>
              <dd className="text-ink-2">{text}</dd>
            </div>
          ))}
        </dl>
      </Dialog>
    </>
  );
}
