/** Attacks by the network. */

import { type Attack, settled } from "./target.ts";

/** Attacks by the network, by name. */
export const NETWORK_ATTACKS: { readonly [name: string]: Attack } = {
  "connect out": {
    run: async ({ port }) => await settled((await import("node:net")).connect(port, "127.0.0.1"), "connect"),
  },
  "connect to a socket in a file": {
    run: async ({ socket }) => await settled((await import("node:net")).connect(socket), "connect"),
  },
  "fetch": { run: async ({ port }) => (await fetch(`http://127.0.0.1:${port}/`)).status },
  // A name can carry a secret out.
  "look up a name": { run: async () => (await (await import("node:dns/promises")).lookup("localhost")).address },
  "send a datagram": {
    run: async () => {
      const socket = (await import("node:dgram")).createSocket("udp4");
      try {
        return await new Promise((resolve, reject) => {
          socket.on("error", reject);
          socket.send("x", 9, "127.0.0.1", (error) => error ? reject(error) : resolve("sent"));
        });
      } finally {
        socket.close();
      }
    },
  },
  "listen": {
    run: async () => {
      const server = (await import("node:net")).createServer();
      const listening = settled(server, "listening");
      server.listen(0, "127.0.0.1");
      return await listening.finally(() => server.close());
    },
  },
  "import by the network": {
    run: async ({ port }) => (await import(`http://127.0.0.1:${port}/module.js`)).default,
    only: ["deno"],
  },
};
