"use client";
/** Organization, role and public address for client components. Hiding an action here is a courtesy; the server decides. */
import { type Permission, type Role, roleMay, rolePermissions } from "@salvage/contracts";
import { createContext, type ReactNode, useContext } from "react";
import { formatRole } from "./words.ts";

export type Workspace = { orgSlug: string; orgName: string; role: Role; publicUrl: string; crashUrl: string };

const Context = createContext<Workspace | null>(null);

export function OrgProvider({ value, children }: { value: Workspace; children: ReactNode }) {
  return <Context value={value}>{children}</Context>;
}

export function useOrg(): Workspace {
  const value = useContext(Context);
  if (value === null) throw new Error("useOrg is used outside of an organization's pages");
  return value;
}

export function useMay(permission: Permission): boolean {
  return roleMay(useOrg().role, permission);
}

/** Why the viewer may not do this, naming the roles that may; null when they may. */
export function useDisabledReason(permission: Permission): string | null {
  const { role } = useOrg();
  if (roleMay(role, permission)) return null;
  const able = (Object.keys(rolePermissions) as Role[])
    .filter((each) => roleMay(each, permission))
    .map((each) => formatRole(each).toLowerCase());
  return `Your role is ${formatRole(role).toLowerCase()}. This needs ${able.length === 1 ? "the role" : "one of the roles"} ${able.join(", ")}.`;
}
