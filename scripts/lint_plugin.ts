/**
 * House rules for `deno lint`, on top of the recommended ones (which forbid
 * `any` and `@ts-ignore`). Each is here because a breach has cost hours once;
 * the message says what to do instead.
 *
 * An exception is written as `// deno-lint-ignore streamrack/<rule> -- why`.
 *
 * @module
 */

/** Rooms that may name a runtime's own globals. */
const RUNTIME_ROOMS = /[\\/](workers|cli|scripts|bench|tests|examples)[\\/]/;

/** Text of a property: `name` and `["name"]` are the same to us. */
function propertyName(node: Deno.lint.MemberExpression): string | undefined {
  const { property } = node;
  if (property.type === "Identifier" && !node.computed) return property.name;
  return property.type === "Literal" ? String(property.value) : undefined;
}

function rule(visit: (context: Deno.lint.RuleContext) => Deno.lint.LintVisitor): Deno.lint.Rule {
  return { create: visit };
}

const plugin: Deno.lint.Plugin = {
  name: "streamrack",
  rules: {
    "no-atomics-wait": rule((context) => ({
      MemberExpression(node) {
        if (node.object.type !== "Identifier" || node.object.name !== "Atomics") return;
        const name = propertyName(node);
        if (name !== "wait" && name !== "waitAsync") return;
        context.report({
          node,
          message: `Atomics.${name} blocks the thread or never settles on some runtimes`,
          hint: "Wake a sleeping side with a message (a doorbell) instead.",
        });
      },
    })),
    "no-tee": rule((context) => ({
      CallExpression(node) {
        if (node.callee.type !== "MemberExpression" || propertyName(node.callee) !== "tee") return;
        context.report({
          node,
          message: "tee() keeps everything that the slower branch has not read",
          hint: "Fan out with a bounded queue per branch.",
        });
      },
    })),
    "no-node-port-events": rule((context) => ({
      CallExpression(node) {
        if (node.callee.type !== "MemberExpression") return;
        const name = propertyName(node.callee);
        const { object } = node.callee;
        const [event] = node.arguments;
        const isParentPort = object.type === "Identifier" && object.name === "parentPort";
        const isMessage = event?.type === "Literal" && event.value === "message";
        const isPort = object.type === "Identifier" && /port\d?$/i.test(object.name);
        if ((name !== "on" && name !== "once") || !(isParentPort || (isPort && isMessage))) return;
        context.report({
          node,
          message: `.${name}("message") on a port is a hundred times slower on Deno for large chunks`,
          hint: "Use the global MessageChannel, and port.onmessage.",
        });
      },
    })),
    "no-runtime-globals": rule((context) => ({
      MemberExpression(node) {
        if (node.object.type !== "Identifier" || RUNTIME_ROOMS.test(context.filename)) return;
        const { name } = node.object;
        if (name !== "Deno" && name !== "Bun") return;
        context.report({
          node,
          message: `${name}.${propertyName(node)} ties this room to one runtime`,
          hint: "What differs between runtimes belongs in workers/adapters/.",
        });
      },
    })),
  },
};

export default plugin;
