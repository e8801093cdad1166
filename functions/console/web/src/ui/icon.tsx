import type { JSX } from "preact";

const paths = {
  key: "M14 7a4 4 0 1 0-3.9 4.9L12 14h2v2h2v2h3v-3l-5.1-5.1A4 4 0 0 0 14 7Zm-5-1.2v.4",
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h10v11H9zM5 15V4h10",
  check: "m5 12.5 4.5 4.5L19 7",
  download: "M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14",
  refresh: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  edit: "M5 19h3.5L19 8.5 15.5 5 5 15.5zM13 7.5l3.5 3.5",
  trash: "M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9.5 7V4h5v3",
  chart: "M5 20V10M12 20V4M19 20v-7",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6 9c0-3.3 2.7-6 6-6s6 2.7 6 6M16 4.5a3.5 3.5 0 0 1 0 6.5M17.5 14.5c2.1.8 3.5 2.9 3.5 5.5",
  hook: "M12 4a4 4 0 0 1 3.5 6L18 14m-1 .5a3.5 3.5 0 1 1-3.4 4.5H8M8.5 10 6 14.3M9 7.500a4 4 0 0 1 3-3.500M5.500 15a3.500 3.500 0 1 0 3.500 3.500",
  list: "M9 6h11M9 12h11M9 18h11M4.500 6h.010M4.500 12h.010M4.500 18h.010",
  building: "M5 20V4h9v16M14 9h5v11M3 20h18M8 8h3M8 12h3M8 16h3",
  laptop: "M6 5h12v10H6zM3 19h18",
  code: "m8 7-5 5 5 5M16 7l5 5-5 5",
  out: "M10 4H5v16h5M15 8l4 4-4 4M9 12h10",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  back: "M11 6l-6 6 6 6M5 12h14",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.500 4.500",
  shield: "M12 3.500 5 6v6c0 4.500 3 7.300 7 8.500 4-1.200 7-4 7-8.500V6z",
  warn: "M12 4 3 20h18zM12 10v4.500M12 17h.010",
  more: "M6 12h.010M12 12h.010M18 12h.010",
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
