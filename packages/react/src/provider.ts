import type { ChorusClient } from '@chorus/client';
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react';
import { shared } from './shared-client.js';
import { useStore } from './store.js';

const Context = createContext<ChorusClient | undefined>(undefined);

export interface ChorusProviderProps {
  /** Made by the application, once: outside of components, or with `useState(() => new ChorusClient(…))`. */
  readonly client: ChorusClient;
  readonly children?: ReactNode;
}

/**
 * Gives the hooks below it their client. Connects the client while it is mounted, unless the application has called `connect` before. Does
 * nothing on a server.
 *
 * @example
 * const client = new ChorusClient({ url: 'https://chat.example.org', token });
 * createRoot(element).render(<ChorusProvider client={client}><App /></ChorusProvider>);
 */
export function ChorusProvider({ client, children }: ChorusProviderProps): ReactElement {
  useStore(shared(client).chorus);
  return createElement(Context.Provider, { value: client }, children);
}

/** @throws {Error} outside of a {@link ChorusProvider} */
export function useShared(): ReturnType<typeof shared> {
  const client = useContext(Context);
  if (!client) throw new Error('hooks of @chorus/react need a <ChorusProvider> around the component');
  return shared(client);
}
