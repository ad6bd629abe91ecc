/** API tokens. */
import type { Metadata } from "next";
import { Tokens } from "#web/features/tokens/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../../read.ts";

export const metadata: Metadata = { title: "API tokens" };

export default async function TokensPage({ params }: PageProps<"/[org]/tokens">) {
  const { org } = await params;
  await read(paths.tokens(org), trpc.tokens.list.queryOptions({ orgSlug: org }));
  return (
    <HydrateClient>
      <Tokens />
    </HydrateClient>
  );
}
