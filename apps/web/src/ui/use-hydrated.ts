"use client";
/**
 * False while the server renders and while the browser takes over, true afterwards. For what shows data that the frame of
 * a page may have before the page itself takes over: both must render the same at first.
 */
import { useSyncExternalStore } from "react";

const never = () => () => undefined;

export function useHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}
