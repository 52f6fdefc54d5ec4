import { App } from './app';

/** Rendered on the server, with the first state of the components that run in browsers. */
export default function Page() {
  return (
    <main>
      <h1>Chat</h1>
      <App />
    </main>
  );
}
