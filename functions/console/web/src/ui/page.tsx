import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "./icon";

export interface PageProps {
  /** The heading, and the beginning of the document's title. It never has anything secret. */
  title: string;
  intro?: ComponentChildren;
  actions?: ComponentChildren;
  back?: { href: string; label: string };
  /** Beside the heading, such as a state. */
  beside?: ComponentChildren;
  children: ComponentChildren;
}

/** A view: its heading, what can be done there, and its content. */
export function PageView(props: PageProps): JSX.Element {
  useEffect(() => {
    const suffix = document.documentElement.dataset.product;
    document.title = suffix ? `${props.title} – ${suffix}` : props.title;
  }, [props.title]);
  return (
    <>
      {props.back ? (
        <a class="back" href={props.back.href}>
          <Icon name="back" /> {props.back.label}
        </a>
      ) : null}
      <div class="page-head">
        <div class="page-title">
          <h1 tabIndex={-1}>{props.title}</h1>
          {props.beside}
        </div>
        {props.actions ? <div class="actions">{props.actions}</div> : null}
      </div>
      {props.intro ? <div class="intro">{props.intro}</div> : null}
      {props.children}
    </>
  );
}

/** A part of a view, with a heading of its own. */
export function Panel(props: { title: string; children: ComponentChildren; actions?: ComponentChildren; flush?: boolean }): JSX.Element {
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>{props.title}</h2>
        {props.actions ? <div class="actions">{props.actions}</div> : null}
      </div>
      <div class={props.flush ? "panel-body flush" : "panel-body"}>{props.children}</div>
    </section>
  );
}

/** A row of filters above a list. */
export function Filters(props: { children: ComponentChildren; label: string }): JSX.Element {
  return (
    <div class="filters" role="search" aria-label={props.label}>
      {props.children}
    </div>
  );
}
