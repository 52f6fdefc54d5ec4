import { ChorusApi, ChorusClient, ChorusError, type Member } from '@chorus/client';
import { effect, signal } from '@preact/signals';
import { Chat } from './chat.js';
import { CookieChange } from './cookie-change.js';
import {
  beginSignIn,
  finishSignIn,
  type Provider,
  type SignInMethods,
  signInMethods,
} from './provider-sign-in.js';
import { browserStore, Memory, SignedInNote } from './storage.js';

export type SessionState =
  /** The API is being asked for the signed-in user. */
  | { readonly status: 'starting' }
  /** The API could not be reached. */
  | { readonly status: 'unreachable' }
  | { readonly status: 'signed-out'; readonly notice?: string }
  | { readonly status: 'signed-in'; readonly chat: Chat };

/** Messages between the tabs of one browser, which share the cookie. */
type TabMessage =
  /** The session is about to end, or continues after all. */
  | { readonly type: 'ending'; readonly ending: boolean }
  /** The cookie is being replaced by that of a new session, or has been. */
  | { readonly type: 'replacing'; readonly replacing: boolean }
  | { readonly type: 'signed-out' }
  | { readonly type: 'signed-in'; readonly userId: number };

const ENDED = 'Your session has ended. Please sign in again.';
const FAILED = 'Signing in did not work.';
const SIGNED_OUT_ELSEWHERE = 'You have signed out in another tab.';
/** How long another tab may take to end the session, in milliseconds. */
const ENDING_MS = 3_000;
/** Delay until the API is asked again after no answer, in milliseconds. */
const ASK_AGAIN_MS = 3_000;

/** The signed-in user, if there is one. */
export class Session {
  readonly state = signal<SessionState>({ status: 'starting' });
  /** Undefined until the API has answered. */
  readonly methods = signal<SignInMethods | undefined>(undefined);
  readonly #api = new ChorusApi();
  readonly #tabs = new BroadcastChannel('chorus');
  readonly #store = browserStore();
  readonly #note = new SignedInNote(this.#store);
  /** The session is ending: it is not renewed, and changes of its state no longer matter. */
  #ending = false;
  readonly #cookieChange = new CookieChange();
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#tabs.onmessage = ({ data }: MessageEvent<TabMessage>) => this.#onTab(data);
  }

  /** Asks the API for the signed-in user. */
  async start(): Promise<void> {
    clearTimeout(this.#again);
    void signInMethods().then((methods) => {
      this.methods.value = methods;
    });
    try {
      const member = await finishSignIn();
      if (member !== undefined) return this.#signedIn(member);
    } catch (error) {
      // A link that another site made must not hide the session of a user who is signed in.
      if (!this.#note.isThere) return this.#leave(error instanceof ChorusError ? error.message : FAILED);
    }
    if (!this.#note.isThere) {
      this.state.value = { status: 'signed-out' };
      return;
    }
    try {
      this.#enter(await this.#api.me());
    } catch (error) {
      if (error instanceof ChorusError && error.status === 401) return this.#leave();
      if (error instanceof ChorusError && error.status === 403) return this.#leave(refusal(error));
      this.state.value = { status: 'unreachable' };
      this.#again = setTimeout(() => void this.start(), ASK_AGAIN_MS);
    }
  }

  /** @throws {ChorusError} (rejects) */
  async signIn(email: string, password: string): Promise<void> {
    this.#signedIn(await this.#api.signIn({ email, password }));
  }

  /** Leaves the page for that of an identity provider, which sends the user back. */
  signInBy(provider: Provider): Promise<void> {
    return beginSignIn(provider);
  }

  /** Creates an account and signs in with it. @throws {ChorusError} (rejects) */
  async signUp(username: string, email: string, password: string): Promise<void> {
    await this.#api.signUp({ username, email, password });
    await this.signIn(email, password);
  }

  /**
   * Ends the session, here and in the browser's other tabs.
   * @throws {ChorusError} (rejects) without any answer: the session has not ended then
   */
  async signOut(): Promise<void> {
    this.#end(true);
    // Every response clears the cookie.
    await this.#api.signOut().catch((error: unknown) => {
      if (!(error instanceof ChorusError) || error.status !== undefined) return;
      this.#end(false);
      throw error;
    });
    this.#tell({ type: 'signed-out' });
    this.#leave();
  }

  /**
   * Changes the password. All other sessions end; this one continues with a new cookie.
   * @throws {ChorusError} (rejects)
   */
  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    this.#replace(true);
    try {
      await this.#api.changePassword({ currentPassword, newPassword });
    } finally {
      this.#replace(false);
    }
  }

  /** Ends all sessions of the user, including this one. @throws {ChorusError} (rejects) */
  async signOutEverywhere(): Promise<void> {
    this.#end(true);
    await this.#api.signOutEverywhere().catch((error: unknown) => {
      this.#end(false);
      throw error;
    });
    this.#tell({ type: 'signed-out' });
    this.#leave();
  }

  #signedIn(member: Member): void {
    this.#tell({ type: 'signed-in', userId: member.id });
    this.#enter(member);
  }

  #enter({ id, username }: Member): void {
    const api = this.#api;
    const client = new ChorusClient({
      api,
      // The new token is a cookie, which only the next connection sends.
      refresh: async () => {
        await this.#cookieChange.done();
        if (this.#ending) throw new ChorusError('unauthenticated', 'signed out');
        await api.refresh();
        return undefined;
      },
    });
    const chat = new Chat({ api, client, me: { id, username }, memory: new Memory(this.#store, id) });
    this.#note.keep(true);
    this.#ending = false;
    this.state.value = { status: 'signed-in', chat };
    chat.start();
    const end = effect(() => {
      const connection = chat.connection.value;
      if (connection.status === 'closed') queueMicrotask(() => this.#ended(chat, connection.error, end));
      // Another user has signed in, in another tab.
      if (connection.status === 'connected' && connection.user.id !== id)
        queueMicrotask(() => {
          end();
          if (this.#is(chat)) this.#cookieChanged();
        });
    });
  }

  #ended(chat: Chat, error: ChorusError | undefined, end: () => void): void {
    end();
    const refused = error?.status === 403 || error?.code === 'disconnected';
    const notice = refused ? refusal(error) : ENDED;
    const leave = (): void => {
      if (this.#is(chat)) this.#leave(notice);
    };
    // The tab that ends the session reports it soon, unless that was its last message.
    if (this.#ending) setTimeout(leave, ENDING_MS);
    else leave();
  }

  /** The cookie has changed: asks the API for its user. */
  #cookieChanged(): void {
    this.#leave();
    this.#note.keep(true);
    void this.start();
  }

  #onTab(message: TabMessage): void {
    const { value } = this.state;
    if (message.type === 'ending') this.#ending = message.ending;
    if (message.type === 'replacing') this.#changeCookie(message.replacing);
    if (message.type === 'signed-out' && value.status === 'signed-in') this.#leave(SIGNED_OUT_ELSEWHERE);
    if (message.type !== 'signed-in') return;
    if (value.status === 'signed-in' && value.chat.me.id === message.userId) return;
    this.#cookieChanged();
  }

  #leave(notice?: string): void {
    const { value } = this.state;
    this.#note.keep(false);
    this.state.value = notice === undefined ? { status: 'signed-out' } : { status: 'signed-out', notice };
    if (value.status === 'signed-in') void value.chat.close();
  }

  #end(ending: boolean): void {
    this.#ending = ending;
    this.#tell({ type: 'ending', ending });
  }

  #replace(replacing: boolean): void {
    this.#changeCookie(replacing);
    this.#tell({ type: 'replacing', replacing });
  }

  #changeCookie(begins: boolean): void {
    if (begins) this.#cookieChange.begin();
    else this.#cookieChange.end();
  }

  #is(chat: Chat): boolean {
    const { value } = this.state;
    return value.status === 'signed-in' && value.chat === chat;
  }

  #tell(message: TabMessage): void {
    this.#tabs.postMessage(message);
  }
}

function refusal({ message }: ChorusError): string {
  return `You may not chat here: ${message}.`;
}
