/** Begins or ends to tell a listener when the platform says that the network is there, or is not: in browsers; never in Node. */
export function hearOfNetwork(listener: (event: Event) => void, wanted: boolean): void {
  // The same listener is never there twice.
  const change = wanted ? globalThis.addEventListener : globalThis.removeEventListener;
  for (const type of ['online', 'offline']) change?.(type, listener);
}
