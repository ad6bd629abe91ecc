/** Root layout: the document every page is shown in, the theme, and the providers of client components. */
import type { Metadata, Viewport } from "next";
import { headers } from "next/headers";
import { NuqsAdapter } from "nuqs/adapters/next/app";
import type { ReactNode } from "react";
import { TrpcProvider } from "#web/server/trpc-client.tsx";
import { ThemeProvider, Toaster } from "#web/ui/theme.tsx";
import { TooltipProvider } from "#web/ui/tooltip.tsx";
import "#web/styles/globals.css";

export const metadata: Metadata = {
  title: { default: "Salvage", template: "%s · Salvage" },
  description: "Crash reports of native programs",
  robots: { index: false },
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#12191a" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get("x-nonce") ?? "";
  return (
    // The theme's script sets the class before the first paint.
    <html lang="en" suppressHydrationWarning>
      <body>
        <ThemeProvider nonce={nonce}>
          <NuqsAdapter>
            <TrpcProvider>
              <TooltipProvider>
                {children}
                <Toaster />
              </TooltipProvider>
            </TrpcProvider>
          </NuqsAdapter>
        </ThemeProvider>
      </body>
    </html>
  );
}
