"use client";
/** The uploads of this page: sends files two at a time, then follows each until its work is done. */
import type { UploadSummary } from "@salvage/contracts";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC, useTRPCClient } from "#web/server/trpc-client.tsx";
import { isSettled } from "./progress-words.ts";
import { sendFile } from "./send-file.ts";

export type UploadItem = {
  key: string;
  file: File;
  sentBytes: number;
  /** Set once the server has the file. */
  upload: UploadSummary | null;
  uploadId: string | null;
  /** Why it did not get there. */
  failure: string | null;
};

const parallelSends = 2;
const pollMs = 600;
/** Followed in one request; the others' turn comes when these are done. */
const uploadsAtOnce = 100;
/** A ticket is good for 15 minutes; a new one is fetched well before. */
const ticketUseMs = 10 * 60_000;

/** @param projectSlug whose own files these are; null: of the organization */
export function useUploads(projectSlug: string | null) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const queryClient = useQueryClient();
  const { orgSlug } = useOrg();
  const [items, setItems] = useState<UploadItem[]>([]);
  const waiting = useRef<UploadItem[]>([]);
  const sending = useRef(0);
  const ticket = useRef<{ text: string; until: number } | null>(null);
  const stop = useRef<AbortController | null>(null);

  const update = useCallback((key: string, change: Partial<UploadItem>) => {
    setItems((all) => all.map((item) => (item.key === key ? { ...item, ...change } : item)));
  }, []);

  const freshTicket = useCallback(async () => {
    if (ticket.current === null || ticket.current.until < Date.now()) {
      const { ticket: text } = await client.uploads.ticket.mutate({ orgSlug, ...(projectSlug === null ? {} : { projectSlug }) });
      ticket.current = { text, until: Date.now() + ticketUseMs };
    }
    return ticket.current.text;
  }, [client, orgSlug, projectSlug]);

  const pump = useCallback(() => {
    while (sending.current < parallelSends) {
      const item = waiting.current.shift();
      if (item === undefined) return;
      sending.current++;
      stop.current ??= new AbortController();
      const { signal } = stop.current;
      void freshTicket()
        .then((text) =>
          sendFile({ file: item.file, ticket: text, orgSlug, projectSlug, signal, onSent: (sentBytes) => update(item.key, { sentBytes }) }),
        )
        .then((uploadId) => update(item.key, { uploadId, sentBytes: item.file.size }))
        .catch((error: unknown) => update(item.key, { failure: explain(error) }))
        .finally(() => {
          sending.current--;
          pump();
        });
    }
  }, [freshTicket, orgSlug, projectSlug, update]);

  const add = useCallback(
    (files: File[]) => {
      const fresh = files.map((file) => ({ key: crypto.randomUUID(), file, sentBytes: 0, upload: null, uploadId: null, failure: null }));
      setItems((all) => [...fresh, ...all]);
      waiting.current.push(...fresh);
      pump();
    },
    [pump],
  );

  const open = items.filter((item) => item.uploadId !== null && (item.upload === null || !isSettled(item.upload)));
  const openKey = open.map((item) => item.uploadId).join();
  useEffect(() => {
    if (openKey === "") return;
    let over = false;
    async function look() {
      const uploadIds = openKey.split(",").slice(0, uploadsAtOnce);
      const uploads = await client.uploads.byIds.query({ orgSlug, uploadIds }).catch(() => []);
      if (over) return;
      const byId = new Map(uploads.map((upload) => [upload.id, upload]));
      setItems((all) =>
        all.map((item) => {
          const upload = byId.get(item.uploadId ?? "");
          return upload === undefined ? item : { ...item, upload: notBack(item.upload, upload) };
        }),
      );
      if (uploads.some(isSettled)) {
        void queryClient.invalidateQueries(trpc.missingFiles.pathFilter());
        void queryClient.invalidateQueries(trpc.debugFiles.pathFilter());
        void queryClient.invalidateQueries(trpc.uploads.recent.pathFilter());
      }
      if (!over) timer = setTimeout(look, pollMs);
    }
    let timer = setTimeout(look, 150);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [openKey, client, orgSlug, queryClient, trpc]);

  useEffect(() => () => stop.current?.abort(), []);

  const clear = useCallback(
    () => setItems((all) => all.filter((item) => item.failure === null && (item.upload === null || !isSettled(item.upload)))),
    [],
  );
  return { items, add, clear };
}

const order = { received: 0, checking: 1, ready: 2, rejected: 2 } as const;

/** Of two looks at one upload, the later one. */
function notBack(shown: UploadSummary | null, next: UploadSummary): UploadSummary {
  if (shown === null) return next;
  if (order[next.state] !== order[shown.state]) return order[next.state] < order[shown.state] ? shown : next;
  return next.upgraded.done < shown.upgraded.done ? shown : next;
}
