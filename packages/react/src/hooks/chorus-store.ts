import type { ChorusClient, ConnectionState, Member } from '@chorus/client';
import { Store } from '../store.js';

/** What {@link useChorus} returns. */
export interface ChorusState {
  readonly client: ChorusClient;
  readonly state: ConnectionState;
  /** The user of the session; undefined before the first connection. */
  readonly user: Member | undefined;
}

/** Connects the client while it has subscribers, unless the application has connected it. */
export function chorusStore(client: ChorusClient): Store<ChorusState> {
  return new Store<ChorusState>({ client, state: { status: 'idle' }, user: undefined }, (changed) => {
    const connectedHere = client.state.status === 'idle';
    const off = client.on('state', changed);
    if (connectedHere) client.connect();
    return {
      read: () => ({ client, state: client.state, user: client.user }),
      stop: () => {
        off();
        if (client.state.status !== 'closed' && connectedHere) client.disconnect();
      },
    };
  });
}
