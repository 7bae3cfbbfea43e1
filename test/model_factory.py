# SPDX-License-Identifier: Apache-2.0
"""Small model files for tests, made without training, and the textbook equations they hold.

Use the fixtures ``make_model`` and ``textbook`` of ``conftest.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.card import DERIVED_KINDS, Golden, ModelCard, Range, Signal
from lstm_dynamics_ros.runtime.checksum import PLACEHOLDER, seal
from lstm_dynamics_ros.runtime.golden import record_golden
import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper, numpy_helper, TensorProto
import onnxruntime

Floats = NDArray[np.float64]
UNITS = {
    'position': 'rad', 'velocity': 'rad/s', 'acceleration': 'rad/s^2', 'disturbance': 'N m',
    'effort': 'N m',
    **dict.fromkeys(DERIVED_KINDS, 'N m/kg'),
}  # fmt: skip
SCALES = {
    'position': 1.0, 'velocity': 2.0, 'acceleration': 10.0, 'disturbance': 10.0, 'effort': 10.0,
    **dict.fromkeys(DERIVED_KINDS, 10.0),
}  # fmt: skip
FED = {
    'forward': ('position', 'velocity', 'effort'),
    'inverse': ('position', 'velocity'),
    'accelerated': ('position', 'velocity', 'acceleration'),
    'motion': ('position', 'velocity', 'acceleration', 'disturbance'),
    'weighing': ('position', 'velocity', 'acceleration', 'disturbance', *DERIVED_KINDS),
}
"""Features by what the model is: ``accelerated`` is an inverse model with accelerations,
``motion`` a residual inverse model asked about motions, and ``weighing`` one that sees the
effort per kilogram of payload."""


def f32(x: Floats) -> Floats:
    """Round to float32, so that only the arithmetic differs from the model file."""
    return x.astype(np.float32).astype(np.float64)


def sigmoid(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


@dataclass(frozen=True, kw_only=True)
class Textbook:
    """The equations of the made models, in float64, batch N in rows."""

    cell: str
    w: list[Floats]
    """Input weights per layer in ONNX gate order (LSTM: i o f c, GRU: z r h), (gates * H, in)."""
    r: list[Floats]
    """Recurrent weights per layer, (gates * H, H)."""
    b: list[tuple[Floats, Floats]]
    """Input and recurrent bias per layer, (gates * H,) each."""
    scale: Floats
    """What observations are divided by, (F,)."""
    linear: Floats
    """What passes from observation to prediction, (F, D)."""
    head: Floats
    """From hidden state to prediction, (H, D)."""

    def zero(self, batch: int) -> list[Floats]:
        shape = (len(self.r), batch, self.r[0].shape[1])
        return [np.zeros(shape) for _ in range(2 if self.cell == 'lstm' else 1)]

    def step(self, obs: Floats, state: list[Floats]) -> tuple[Floats, list[Floats]]:
        """Return prediction (N, D) and the next hidden state."""
        x = obs / self.scale
        after = [part.copy() for part in state]
        for layer, (w, r, (bw, br)) in enumerate(zip(self.w, self.r, self.b, strict=True)):
            h = state[0][layer]
            if self.cell == 'lstm':
                i, o, f, g = np.split(x @ w.T + h @ r.T + bw + br, 4, axis=1)
                c = sigmoid(f) * state[1][layer] + sigmoid(i) * np.tanh(g)
                after[1][layer] = c
                x = sigmoid(o) * np.tanh(c)
            else:
                zx, rx, hx = np.split(x @ w.T + bw, 3, axis=1)
                zh, rh, hh = np.split(h @ r.T + br, 3, axis=1)
                z = sigmoid(zx + zh)
                candidate = np.tanh(hx + sigmoid(rx + rh) * hh)
                x = (1.0 - z) * candidate + z * h
            after[0][layer] = x
        return obs @ self.linear + x @ self.head, after


def textbook(
    *,
    cell: str = 'lstm',
    n_joints: int = 2,
    hidden: int = 8,
    layers: int = 1,
    dt: float = 0.005,
    kind: str = 'forward',
    seed: int = 0,
    with_effort_target: bool = True,
    push: float = 1.0,
) -> Textbook:
    """Return the weights of the model that :func:`make_model` writes for the same arguments."""
    rng = np.random.default_rng(seed)
    gates = 4 if cell == 'lstm' else 3
    n = n_joints
    fed = FED.get(kind, FED['inverse'])
    n_features = len(fed) * n
    w, r, b = [], [], []
    for layer in range(layers):
        size = n_features if layer == 0 else hidden
        w.append(rng.normal(0.0, 0.5, (gates * hidden, size)))
        r.append(rng.normal(0.0, 0.3, (gates * hidden, hidden)))
        b.append((rng.normal(0.0, 0.2, gates * hidden), rng.normal(0.0, 0.2, gates * hidden)))
    eye = np.eye(n)
    if kind == 'forward':  # q + dt * qd, qd, tau, each with a small push from the hidden state
        blocks = [np.vstack([eye, dt * eye, 0 * eye]), np.vstack([0 * eye, eye, dt * eye])]
        sizes = [dt * dt, dt]
        if with_effort_target:
            blocks.append(np.vstack([0 * eye, 0 * eye, eye]))
            sizes.append(0.05)
    elif kind in {'motion', 'weighing'}:  # the disturbance goes on as it is
        more = [0 * eye] * (len(fed) - 4)
        blocks, sizes = [np.vstack([0 * eye, 0 * eye, 0 * eye, eye, *more])], [1e-3]
    else:  # a pendulum-like torque
        more = [0.2 * eye] * (len(fed) - 2)
        blocks, sizes = [np.vstack([5.0 * eye, 0.5 * eye, *more])], [1.0]
    linear = np.hstack(blocks)
    head = push * rng.normal(0.0, 1.0, (hidden, linear.shape[1])) * np.repeat(sizes, n)
    scale = np.repeat([SCALES[name] for name in fed], n)
    return Textbook(
        cell=cell,
        w=[f32(a) for a in w],
        r=[f32(a) for a in r],
        b=[(f32(p), f32(q)) for p, q in b],
        scale=scale,
        linear=f32(linear),
        head=f32(head),
    )


def make_model(
    path: Path,
    *,
    cell: str = 'lstm',
    n_joints: int = 2,
    hidden: int = 8,
    layers: int = 1,
    dt: float = 0.005,
    joint_names: Sequence[str] | None = None,
    joint_types: Sequence[str] | None = None,
    kind: str = 'forward',
    washout: int = 5,
    seed: int = 0,
    with_effort_target: bool = True,
    push: float = 1.0,
    **card_entries: object,
) -> Path:
    """Write a sealed model file that passes every load check.

    A forward model predicts about ``q + dt * qd``, ``qd`` and ``tau``; an inverse one a torque; a
    motion model that the disturbance goes on as it is.

    Args:
        path: Where to write it.
        cell: ``lstm`` or ``gru``.
        n_joints: Number of joints, named ``joint1`` ... unless ``joint_names`` says otherwise.
        hidden: Hidden units per layer.
        layers: Recurrent layers.
        dt: Step [s].
        joint_names: Names of the joints.
        joint_types: Types of the joints; revolute if not given.
        kind: Model kind of the card, ``accelerated``, ``motion`` or ``weighing``.
        washout: Washout of the card [steps].
        seed: Seed of the weights.
        with_effort_target: Whether a forward model predicts effort too.
        push: Factor of what the hidden state adds; 0 leaves a linear model without memory.
        card_entries: Other entries of the card. A model of several ``members`` says that they
            spread by the size of what the hidden state adds to the prediction.

    Returns:
        ``path``.
    """
    names = tuple(joint_names or (f'joint{i + 1}' for i in range(n_joints)))
    n_joints = len(names)
    numbers = textbook(
        cell=cell, n_joints=n_joints, hidden=hidden, layers=layers, dt=dt, kind=kind, seed=seed,
        with_effort_target=with_effort_target, push=push,
    )  # fmt: skip
    forward = kind == 'forward'
    fed = FED.get(kind, FED['inverse'])
    kinds = (
        ('position', 'velocity', 'effort')[: 2 + with_effort_target] if forward else ('effort',)
    )
    features, targets = signals(names, fed, 0), signals(names, kinds, -1 if forward else 0)
    limits = {
        'position': 3.0, 'velocity': 4.0, 'acceleration': 40.0, 'disturbance': 50.0,
        'effort': 50.0, **dict.fromkeys(DERIVED_KINDS, 50.0),
    }  # fmt: skip
    entries: dict[str, object] = {
        'name': f'test_{cell}',
        'model_kind': {
            'accelerated': 'inverse',
            'motion': 'residual_inverse',
            'weighing': 'residual_inverse',
        }.get(kind, kind),
        'cell': cell,
        'num_layers': layers,
        'hidden_size': hidden,
        'joint_names': names,
        'joint_types': tuple(joint_types or ('revolute',) * n_joints),
        'features': features,
        'targets': targets,
        'dt': dt,
        'dt_tolerance': 0.05,
        'latency_steps': 1,
        'washout_steps': washout,
        'effort_semantics': 'joint_torque',
        'effort_limits': (20.0,) * n_joints,
        'training_ranges': {
            s.name: Range(minimum=-limits[s.kind], maximum=limits[s.kind], mean=0.0, std=1.0)
            for s in features
        },
        'golden': Golden(steps=0, observations='', predictions='', final_state='', tolerance=1e-5),
        **card_entries,
    }
    card = ModelCard(**entries)  # type: ignore[arg-type]
    model = build_graph(numbers, len(features), len(targets), members=card.members)
    if 'golden' not in card_entries:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=['CPUExecutionProvider']
        )
        rng = np.random.default_rng(seed + 1)
        phases = np.arange(40)[:, None] * dt * 20 + rng.uniform(0, 6, len(features))
        observations = (np.sin(phases) * numbers.scale).astype(np.float32)
        card = replace(card, golden=record_golden(card, session, observations, 1e-5))
    path.write_bytes(sealed_bytes(model, card))
    return path


def signals(joints: Sequence[str], kinds: Sequence[str], delay: int) -> tuple[Signal, ...]:
    return tuple(
        Signal(name=f'{kind}.{joint}', kind=kind, joint=joint, unit=UNITS[kind], delay=delay)
        for kind in kinds
        for joint in joints
    )


def sealed_bytes(model: onnx.ModelProto, card: ModelCard) -> bytes:
    """Return the file of a graph and its card, with checksum."""
    del model.metadata_props[:]
    helper.set_model_props(
        model,
        {
            'metadata': card.to_json(),
            'joint_names': ','.join(card.joint_names),
            'dt': repr(card.dt),
            'checksum': PLACEHOLDER,
        },
    )
    return seal(model.SerializeToString())


def build_graph(
    numbers: Textbook, n_features: int, n_targets: int, *, members: int = 1
) -> onnx.ModelProto:
    """Return the equations as an ONNX graph with the tensors of the contract."""
    lstm = numbers.cell == 'lstm'
    layers, hidden = len(numbers.r), numbers.r[0].shape[1]
    constants: dict[str, NDArray[np.generic]] = {
        'scale': numbers.scale.astype(np.float32),
        'linear': numbers.linear.astype(np.float32),
        'head': numbers.head.astype(np.float32),
        'axis0': np.array([0], np.int64),
        'axis1': np.array([1], np.int64),
        'one_each': np.ones(layers, np.int64),
    }
    node = helper.make_node
    nodes = [
        node('Div', ['obs', 'scale'], ['scaled']),
        node('Unsqueeze', ['scaled', 'axis0'], ['x0']),
        node('MatMul', ['obs', 'linear'], ['direct']),
    ]
    parts = ('h', 'c') if lstm else ('h',)
    nodes += [
        node('Split', [f'{p}_in', 'one_each'], [f'{p}{i}' for i in range(layers)], axis=0)
        for p in parts
    ]
    for i in range(layers):
        constants[f'w{i}'] = numbers.w[i][None].astype(np.float32)
        constants[f'r{i}'] = numbers.r[i][None].astype(np.float32)
        constants[f'b{i}'] = np.concatenate(numbers.b[i])[None].astype(np.float32)
        inputs = [f'x{i}', f'w{i}', f'r{i}', f'b{i}', '', *(f'{p}{i}' for p in parts)]
        outputs = [f'y{i}', *(f'{p}{i}_next' for p in parts)]
        more: dict[str, Any] = {} if lstm else {'linear_before_reset': 1}
        nodes.append(node(numbers.cell.upper(), inputs, outputs, hidden_size=hidden, **more))
        nodes.append(node('Squeeze', [f'y{i}', 'axis1'], [f'x{i + 1}']))
    nodes += [
        node('Concat', [f'{p}{i}_next' for i in range(layers)], [f'{p}_out'], axis=0)
        for p in parts
    ]
    nodes += [
        node('Squeeze', [f'x{layers}', 'axis0'], ['top']),
        node('MatMul', ['top', 'head'], ['push']),
        node('Add', ['direct', 'push'], ['prediction']),
    ]
    outputs = ['prediction']
    if members > 1:
        nodes.append(node('Abs', ['push'], ['prediction_std']))
        outputs.append('prediction_std')

    def info(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    states: list[int | str] = [layers, 'N', hidden]
    graph = helper.make_graph(
        nodes,
        'test',
        [info('obs', ['N', n_features]), *(info(f'{p}_in', states) for p in parts)],
        [
            *(info(name, ['N', n_targets]) for name in outputs),
            *(info(f'{p}_out', states) for p in parts),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid('', 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8)
