/** Which addresses are public, and which URLs are private by their own words, however they are spelt. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPublicAddress, privateHost } from "./index.ts";

test("public is what no special range holds", () => {
  for (const address of ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])
    assert.ok(isPublicAddress(address), address);
  const special = {
    "this network": ["0.0.0.0", "0.1.2.3"],
    "this machine": ["127.0.0.1", "127.1.2.3", "::1", "::"],
    "private networks": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1", "fec0::1"],
    "links and metadata services": ["169.254.169.254", "fe80::1", "fd00:ec2::254"],
    "carriers' NAT": ["100.64.0.1", "100.127.255.255"],
    "documentation and benchmarks": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "2001:db8::1"],
    "groups and everybody": ["224.0.0.1", "239.255.255.250", "255.255.255.255", "ff02::1"],
    reserved: ["240.0.0.1", "192.0.0.1", "100::1"],
    "IPv4 inside IPv6": ["::ffff:10.0.0.1", "::ffff:7f00:1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "::10.0.0.1", "::a00:1"],
    "none at all": ["not an address", "", "1.2.3.4.5", "8.8.8.8/0"],
  };
  for (const [what, addresses] of Object.entries(special))
    for (const address of addresses) assert.ok(!isPublicAddress(address), `${what}: ${address}`);
});

test("a URL is private in every spelling of its host", () => {
  const hosts = [
    ...["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001", "127.0.0.1.", "０x7f.１", "⑫7.0.0.1"],
    ...["%31%32%37.0.0.1", "user:word@127.0.0.1", "127。0。0。1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
    ...[
      "[::127.0.0.1]",
      "[64:ff9b::127.0.0.1]",
      "[2002:7f00:1::]",
      "0",
      "0.0.0.0",
      "[::]",
      "169.254.169.254",
      "0xA9FEA9FE",
      "10.1",
      "192.168.257",
    ],
    ...["localhost", "LOCALHOST", "localhost.", "api.localhost", "ｌocalhost", "loc%61lhost"],
  ];
  for (const host of hosts) assert.notEqual(privateHost(new URL(`http://${host}:8080/hook`)), null, host);
});

test("a public address and a name that has to be looked up are not", () => {
  for (const host of ["8.8.8.8", "[2606:4700::1111]", "hooks.example.com", "localhost.example.com", "notlocalhost", "127.0.0.1.nip.io"])
    assert.equal(privateHost(new URL(`https://${host}/hook`)), null, host);
});
