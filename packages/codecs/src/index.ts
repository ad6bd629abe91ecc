/** Decompression and scratch files for core, on Node. */
export { type CodecPorts, createPorts, type PortsOptions } from "./ports.ts";
