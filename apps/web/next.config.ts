/** Next's settings: bundling of the workspace's TypeScript sources, and the headers every answer carries. */
import type { NextConfig } from "next";

/** Headers of every answer; the Content-Security-Policy needs a nonce per request and is set in src/proxy.ts. */
const headers = [
  { key: "X-Content-Type-Options", value: "nosniff" },
  { key: "X-Frame-Options", value: "DENY" },
  { key: "Referrer-Policy", value: "same-origin" },
  { key: "Permissions-Policy", value: "camera=(), microphone=(), geolocation=(), payment=(), usb=()" },
  { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
  { key: "Cross-Origin-Resource-Policy", value: "same-origin" },
];

const config: NextConfig = {
  poweredByHeader: false,
  agentRules: false,
  reactStrictMode: true,
  transpilePackages: ["@salvage/addresses", "@salvage/blobs", "@salvage/contracts", "@salvage/db", "@salvage/lanes", "@salvage/telemetry"],
  // Loaded by Node as they are: native parts, worker threads, or files found at run time.
  serverExternalPackages: ["@prisma/adapter-pg", "@prisma/client", "@temporalio/client", "@temporalio/common", "pg", "pino", "prom-client"],
  // `pnpm typecheck` checks this package with the other ones; checking again here would only slow the build.
  typescript: { ignoreBuildErrors: true },
  // A clone is built once: writing the cache costs a third of the build's work and 100 MB, and nothing reads it.
  experimental: { turbopackFileSystemCacheForBuild: false },
  headers: async () => [{ source: "/:path*", headers }],
};

export default config;
