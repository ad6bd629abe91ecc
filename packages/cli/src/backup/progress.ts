/** A line on a terminal that counts blobs. Nothing where standard error is no terminal. */
const stepMs = 100;

export function blobProgress(label: string): { update(done: number, total: number, bytes: number): void; end(): void } {
  const shown = process.stderr.isTTY === true;
  let next = 0;
  return {
    update(done, total, bytes) {
      const now = performance.now();
      if (!shown || now < next) return;
      next = now + stepMs;
      process.stderr.write(`\r\x1b[K${label}: ${done} of ${total} blobs, ${(bytes / 1e6).toFixed(1)} MB`);
    },
    end() {
      if (shown) process.stderr.write("\r\x1b[K");
    },
  };
}
