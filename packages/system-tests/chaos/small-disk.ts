/** A file system of known size that can be full at once and have room again at once: a tmpfs whose end is moved to where its files end. */
import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export class SmallDisk {
  readonly folder: string;
  readonly #megabytes: number;

  private constructor(folder: string, megabytes: number) {
    this.folder = folder;
    this.#megabytes = megabytes;
  }

  /** @returns null where this user may not mount */
  static async mount(folder: string, megabytes: number): Promise<SmallDisk | null> {
    return await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "salvage-test", folder]).then(
      () => new SmallDisk(folder, megabytes),
      () => null,
    );
  }

  /** Leaves no free block. What is written meanwhile may take the last ones first. */
  async fill(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const { blocks, bfree, bsize } = await statfs(this.folder);
      try {
        return await this.#resize(`${(blocks - bfree) * bsize}`);
      } catch (error) {
        if (attempt === 20) throw error;
      }
    }
  }

  async makeRoom(): Promise<void> {
    await this.#resize(`${this.#megabytes}m`);
  }

  /** What still has a file open keeps it until it ends. */
  async unmount(): Promise<void> {
    await run("umount", ["-l", this.folder]);
  }

  async #resize(size: string): Promise<void> {
    await run("mount", ["-o", `remount,size=${size}`, this.folder]);
  }
}
