// Mouse, touch and keys on the stage: each moves the camera.

import type { FreeCamera } from "./camera.ts";

/** Radians for a drag across the whole stage. */
const TURN_ACROSS = Math.PI;
/** Radians of an arrow key. */
const KEY_TURN = 0.06;
/** Factor of the distance for a turn of the wheel by 100, and for a key. */
const ZOOM_STEP = 0.88;
/** Part of the distance to the point of interest that is flown in a second. */
const FLY_SPEED = 0.6;
const FAST = 4;
/** Milliseconds without a movement after which the camera rests. */
const REST_MS = 160;

const FLY_KEYS: Readonly<Record<string, readonly [right: number, down: number, forward: number]>> = {
  KeyW: [0, 0, 1],
  KeyS: [0, 0, -1],
  KeyA: [-1, 0, 0],
  KeyD: [1, 0, 0],
  KeyQ: [0, 1, 0],
  KeyE: [0, -1, 0],
};

const TURN_KEYS: Readonly<Record<string, readonly [yaw: number, pitch: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Whether a key is meant for an element that takes text or is operated by keys. */
export function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const field = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  return ctrlKey || metaKey || altKey || field;
}

/** Moves the camera, and says when it has moved and when it rests. */
export class Controls {
  readonly #camera: FreeCamera;
  readonly #stage: HTMLElement;
  readonly #moved: (moving: boolean) => void;
  /** Places of the fingers or the mouse by pointer. */
  readonly #pointers = new Map<number, { x: number; y: number }>();
  readonly #flying = new Set<string>();
  #pans = false;
  #fast = false;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #flown: number | undefined;

  /**
   * @param moved Called after each movement with true, and with false when the camera rests
   */
  constructor(stage: HTMLElement, camera: FreeCamera, moved: (moving: boolean) => void) {
    this.#stage = stage;
    this.#camera = camera;
    this.#moved = moved;
    stage.addEventListener("pointerdown", (event) => this.#press(event));
    stage.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      stage.addEventListener(end, ({ pointerId }) => this.#pointers.delete(pointerId));
    }
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    addEventListener("keydown", (event) => this.#key(event));
    addEventListener("keyup", ({ code, shiftKey }) => {
      this.#fast = shiftKey;
      this.#flying.delete(code);
    });
    addEventListener("blur", () => this.#flying.clear());
  }

  #press(event: PointerEvent): void {
    if (event.target instanceof Element && event.target.closest("[role=slider]") !== null) return;
    this.#stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.#pans = event.button !== 0 || event.shiftKey;
  }

  #drag({ pointerId, clientX: x, clientY: y }: PointerEvent): void {
    const before = this.#pointers.get(pointerId);
    if (before === undefined) return;
    const [dx, dy] = [x - before.x, y - before.y];
    const others = [...this.#pointers].filter(([id]) => id !== pointerId).map(([, place]) => place);
    this.#pointers.set(pointerId, { x, y });
    if (dx === 0 && dy === 0) return;
    if (others.length > 0) {
      const [other] = others;
      // Each of two fingers is a half of the pan.
      this.#pan(dx / 2, dy / 2);
      const apart = Math.hypot(before.x - other.x, before.y - other.y);
      const now = Math.hypot(x - other.x, y - other.y);
      if (apart > 0 && now > 0) this.#camera.zoom(apart / now);
    } else if (this.#pans) {
      this.#pan(dx, dy);
    } else {
      const turn = TURN_ACROSS / Math.min(this.#stage.clientWidth, this.#stage.clientHeight);
      this.#camera.orbit(dx * turn, dy * turn);
    }
    this.#move();
  }

  /** Moves so that what is at the distance of the orbit follows the pointer. */
  #pan(dx: number, dy: number): void {
    const perPixel = this.#camera.distance / this.#stage.clientHeight;
    this.#camera.move(-dx * perPixel, -dy * perPixel, 0);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
    this.#camera.zoom(ZOOM_STEP ** (-Math.max(-300, Math.min(300, pixels)) / 100));
    this.#move();
  }

  #key(event: KeyboardEvent): void {
    if (isTyping(event)) return;
    this.#fast = event.shiftKey;
    const turn = document.activeElement === this.#stage || document.activeElement === document.body
      ? TURN_KEYS[event.code]
      : undefined;
    if (turn !== undefined) {
      this.#camera.orbit(turn[0] * KEY_TURN, turn[1] * KEY_TURN);
      event.preventDefault();
      return this.#move();
    }
    if (event.key === "+" || event.key === "=" || event.key === "-") {
      this.#camera.zoom(event.key === "-" ? 1 / ZOOM_STEP : ZOOM_STEP);
      return this.#move();
    }
    if (FLY_KEYS[event.code] === undefined) return;
    this.#flying.add(event.code);
    if (this.#flown === undefined) this.#fly(performance.now());
  }

  /** Moves once for each frame of the screen while a key is down. */
  #fly(now: number): void {
    if (this.#flying.size === 0) {
      this.#flown = undefined;
      return;
    }
    const seconds = this.#flown === undefined ? 1 / 60 : Math.min(0.1, (now - this.#flown) / 1000);
    this.#flown = now;
    const by = FLY_SPEED * seconds * this.#camera.distance * (this.#fast ? FAST : 1);
    for (const code of this.#flying) {
      const [right, down, forward] = FLY_KEYS[code];
      this.#camera.move(by * right, by * down, by * forward);
    }
    this.#move();
    requestAnimationFrame((next) => this.#fly(next));
  }

  #move(): void {
    this.#moved(true);
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#moved(false), REST_MS);
  }
}
