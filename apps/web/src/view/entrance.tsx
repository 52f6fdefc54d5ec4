import type { ComponentChildren } from 'preact';

/** The card in the middle of the page until a user is signed in. */
export function Entrance({ children }: { children: ComponentChildren }) {
  return (
    <main class="entrance">
      <div class="card">
        <h1>
          <span class="mark" aria-hidden="true" />
          Chorus
        </h1>
        {children}
      </div>
    </main>
  );
}
