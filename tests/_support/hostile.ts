const throwing = () => {
  throw new Error("hostile");
};
/** A proxy of which nothing can be asked any more. */
export const revoked = (target: object) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};

/** Values that try to break whoever looks at them. */
export const HOSTILE: readonly unknown[] = [
  revoked({}),
  revoked([]),
  revoked(() => {}),
  new Proxy({}, { get: throwing, has: throwing, ownKeys: throwing, getPrototypeOf: throwing }),
  Object.defineProperty({}, "a", { get: throwing, enumerable: true }),
  Object.defineProperty({}, Symbol.toStringTag, { get: throwing }),
  Object.defineProperty(() => {}, "name", { get: throwing }),
  Object.defineProperty(class {}, "name", { value: 5 }),
  { toJSON: throwing, toString: throwing },
  { constructor: null },
  Object.create(null),
  Object.assign(new Error("e"), { name: Symbol("s") }),
  Object.defineProperty(new Error("e"), "message", { get: throwing }),
  Object.defineProperty(new Error("e"), "cause", { get: throwing }),
  Object.assign(new Error("e"), { name: { toString: throwing }, stack: 5 }),
];
