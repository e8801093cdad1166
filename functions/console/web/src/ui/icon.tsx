import type { JSX } from "preact";

const paths = {
  key: "M12 15.5a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM11 12.5 20 3.5M15.5 8l3 3",
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h10v11H9zM5 15V4h10",
  check: "m5 12.5 4.5 4.5L19 7",
  download: "M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14",
  refresh: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  edit: "M5 19h3.5L19 8.5 15.5 5 5 15.5zM13 7.5l3.5 3.5",
  trash: "M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9.5 7V4h5v3",
  chart: "M5 20V10M12 20V4M19 20v-7",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6 9c0-3.3 2.7-6 6-6s6 2.7 6 6M16 4.5a3.5 3.5 0 0 1 0 6.5M17.5 14.5c2.1.8 3.5 2.9 3.5 5.5",
  hook: "M12 4a4 4 0 0 1 3.5 6L18 14m-1 .5a3.5 3.5 0 1 1-3.4 4.5H8M8.5 10 6 14.3M9 7.5a4 4 0 0 1 3-3.5M5.5 15a3.5 3.5 0 1 0 3.5 3.5",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  send: "M4 12 20 4l-5 16-3.5-6.5zM11.5 13.5 20 4",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
  building: "M5 20V4h9v16M14 9h5v11M3 20h18M8 8h3M8 12h3M8 16h3",
  laptop: "M6 5h12v10H6zM3 19h18",
  code: "m8 7-5 5 5 5M16 7l5 5-5 5",
  out: "M10 4H5v16h5M15 8l4 4-4 4M9 12h10",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  back: "M11 6l-6 6 6 6M5 12h14",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.5 4.5",
  shield: "M12 3.5 5 6v6c0 4.5 3 7.3 7 8.5 4-1.2 7-4 7-8.5V6z",
  warn: "M12 4 3 20h18zM12 10v4.5M12 17h.01",
  more: "M5 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M17 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0",
} as const;

export type IconName = keyof typeof paths;

/** A picture beside a text that says the same; readers without pictures skip it. */
export function Icon(props: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
      <path d={paths[props.name]} />
    </svg>
  );
}
