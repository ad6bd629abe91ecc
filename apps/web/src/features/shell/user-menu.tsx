"use client";
/** Who is signed in, their account, and signing out. */
import { CircleUser, LogOut } from "lucide-react";
import { useRouter } from "next/navigation";
import { signOut } from "next-auth/react";
import { paths } from "#web/features/workspace/index.ts";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "#web/ui/menu.tsx";

export type UserView = { name: string; email: string };

export function UserMenu({ user }: { user: UserView }) {
  const router = useRouter();
  const initials = user.name
    .split(/\s+/)
    .map((word) => word.charAt(0).toUpperCase())
    .slice(0, 2)
    .join("");
  return (
    <Menu
      align="end"
      label="Account"
      trigger={
        <button
          type="button"
          className="flex size-7 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent hover:bg-accent hover:text-on-accent"
        >
          <span aria-hidden>{initials === "" ? <CircleUser className="size-4" /> : initials}</span>
          <span className="sr-only">Account of {user.name}</span>
        </button>
      }
    >
      <MenuLabel>
        <span className="block text-sm text-ink">{user.name}</span>
        <span className="block">{user.email}</span>
      </MenuLabel>
      <MenuSeparator />
      <MenuItem onSelect={() => router.push(paths.account())}>
        <CircleUser aria-hidden /> Account
      </MenuItem>
      <MenuItem onSelect={() => void signOut({ callbackUrl: paths.signIn() })}>
        <LogOut aria-hidden /> Sign out
      </MenuItem>
    </Menu>
  );
}
