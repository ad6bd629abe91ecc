/** Hand-built PDB containers for tests: streams given whole, blocks of 512 bytes or more. */

/** An MSF container; undefined streams are deleted ones. The directory's block list takes several blocks where it must. */
export function msfFile(streams: readonly (Uint8Array | undefined)[], blockBytes = 512): Uint8Array {
  const blocks: Uint8Array[] = [new Uint8Array(0), new Uint8Array(0), new Uint8Array(0)];
  const add = (bytes: Uint8Array): number[] => {
    const numbers: number[] = [];
    for (let at = 0; at < bytes.length; at += blockBytes) {
      numbers.push(blocks.length);
      blocks.push(bytes.subarray(at, at + blockBytes));
    }
    return numbers;
  };
  const bytesOf = (words: number[]) => new Uint8Array(Uint32Array.from(words).buffer);
  const sizes = [streams.length, ...streams.map((stream) => stream?.length ?? 0xffffffff)];
  const numbers = streams.flatMap((stream) => (stream === undefined ? [] : add(stream)));
  const directory = bytesOf([...sizes, ...numbers]);
  const mapBlocks = add(bytesOf(add(directory)));
  const out = new Uint8Array(blocks.length * blockBytes);
  for (const [i, block] of blocks.entries()) out.set(block, i * blockBytes);
  out.set([..."Microsoft C/C++ MSF 7.00\r\n\u001aDS\0\0\0"].map((c) => c.charCodeAt(0)));
  const view = new DataView(out.buffer);
  const head = [blockBytes, 1, blocks.length, directory.length, 0, ...mapBlocks];
  for (const [i, word] of head.entries()) view.setUint32(32 + 4 * i, word, true);
  return out;
}

export type FrameDataRecord = { start: number; size: number; locals: number; parameters: number; saved: number; program: string };
export type FpoRecord = { start: number; size: number; locals: number; parameters: number; bits: number };

/**
 * A PDB of 32-bit x86 code with the frame data given; `leadingWord`: with the word that some tools write before FrameData; `omap`: code from, to.
 */
export function pdbFile(
  frameData: readonly FrameDataRecord[],
  fpo: readonly FpoRecord[],
  leadingWord = false,
  omap: readonly (readonly [number, number])[] = [],
): Uint8Array {
  const text = (value: string) => [...value].map((c) => c.charCodeAt(0));
  const words = (...values: number[]) => values.flatMap((v) => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24]);
  const programs = [...new Set(frameData.map((record) => record.program))];
  const strings = [0, ...programs.flatMap((program) => [...text(program), 0])];
  const offsetOf = (program: string) => 1 + programs.slice(0, programs.indexOf(program)).reduce((sum, p) => sum + p.length + 1, 0);

  const name = [...text("/names"), 0];
  const info = [...words(20000404, 1, 7), ...new Array(16).fill(0xab), ...words(name.length), ...name, ...words(1, 1, 1, 1, 0, 0, 5)];
  const dbi = new Uint8Array(64 + 22).fill(0);
  const view = new DataView(dbi.buffer);
  view.setUint32(8, 3, true);
  view.setUint16(16, 0xffff, true);
  view.setUint32(48, 22, true);
  view.setUint16(58, 0x14c, true);
  for (let i = 0; i < 11; i++) view.setUint16(64 + 2 * i, i === 0 ? 6 : i === 9 ? 7 : i === 4 && omap.length > 0 ? 8 : 0xffff, true);
  const records = frameData.flatMap((r) => [
    ...words(r.start, r.size, r.locals, r.parameters, 0, offsetOf(r.program)),
    ...words(r.saved << 16, 4),
  ]);
  return msfFile([
    undefined,
    Uint8Array.from(info),
    undefined,
    dbi,
    undefined,
    Uint8Array.from([...words(0xeffeeffe, 1, strings.length), ...strings]),
    Uint8Array.from(fpo.flatMap((r) => [...words(r.start, r.size, r.locals), ...words(r.parameters | (r.bits << 16))])),
    Uint8Array.from([...(leadingWord ? words(0) : []), ...records]),
    Uint8Array.from(words(...omap.flat())),
  ]);
}
