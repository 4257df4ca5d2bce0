"""What a model card and a data card ask, and what of it holds for every model of this pilot.

Model Cards (Mitchell and others 2019), Datasheets for Datasets (Gebru and others 2021), and the technical
documentation of the EU's AI Act, Regulation (EU) 2024/1689, Annex IV, whose points are named beside each
part. Naming a point says where its answer belongs, not that the answer satisfies the law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from healthcare.finding import RESEARCH_USE

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Part:
    """One part of a card.

    Attributes:
        key: its name in the card's JSON.
        title: for people.
        asked_by: who asks for it.
        facts: key and title of each fact, in order.
    """

    key: str
    title: str
    asked_by: str
    facts: tuple[tuple[str, str], ...] = ()


MODEL_PARTS = (
    Part("model", "The model", "Annex IV 1(a)-(c), 2(b)-(c)", (
        ("name", "name"), ("kind", "kind"), ("run", "run"), ("created_utc", "made at (UTC)"),
        ("code", "code"), ("provider", "provider"), ("licence", "licence"), ("modality", "modality"),
        ("labels", "structures"), ("classes", "classes"), ("architecture", "architecture"),
        ("parameters", "parameters"), ("spacing_mm", "voxels it works on, mm"),
        ("patch", "patch, voxels"), ("inputs", "what goes in"), ("outputs", "what comes out"),
    )),
    Part("use", "Intended use", "Annex IV 1(a), 1(h), 3; Model Cards", (
        ("intended_use", "intended use"), ("users", "for whom"), ("out_of_scope", "out of scope"),
        ("status", "status"),
    )),
    Part("data", "Data it learned from", "Annex IV 2(d); Datasheets", (
        ("source", "source"), ("sha256", "fingerprint, SHA-256"), ("cases", "cases"),
        ("patients", "patients"), ("annotation", "who drew the truth"), ("licence", "licence"),
        ("consent", "consent and ethics"), ("population", "population"),
    )),
    Part("splits", "How the data were split", "Annex IV 2(d), 2(g)", (
        ("how", "how"), ("fold", "fold"), ("folds", "folds"), ("train", "learned from, cases"),
        ("valid", "chosen by, cases"), ("calibration", "calibrated on, cases"),
        ("test", "scored on, cases"), ("seed", "seed"),
    )),
    Part("metrics", "Accuracy", "Annex IV 2(g), 3, 4"),
    Part("subgroups", "Accuracy by subgroup", "Annex IV 2(g), 3; Model Cards"),
    Part("calibration", "How far its probabilities and intervals hold", "Annex IV 3", (
        ("method", "method"), ("cases", "cases"), ("ece", "expected calibration error"),
        ("coverage_asked", "coverage asked"), ("coverage_found", "coverage found"),
        ("quality_correlation", "predicted with true Dice, correlation"),
    )),
    Part("limits", "Known failures, risks and limits", "Annex IV 3, 5; Model Cards", (
        ("known_failures", "known failures"), ("limits", "limits"), ("risks", "risks"), ("bias", "bias"),
    )),
    Part("oversight", "Human oversight", "Annex IV 2(e), 3", (
        ("human_oversight", "by a person"), ("warned", "the pilot warns"),
    )),
    Part("training", "How it was trained, and what that took", "Annex IV 2(a)-(c)", (
        ("task", "task"), ("settings", "settings"), ("hardware", "hardware"), ("processes", "processes"),
        ("duration_s", "time, s"), ("energy_kwh", "energy, kWh"), ("energy_source", "energy comes from"),
        ("co2_g", "CO2-equivalent, g"), ("co2_g_kwh", "at, g a kWh"),
    )),
    Part("lifecycle", "Security, changes and monitoring", "Annex IV 2(f), 2(h), 6-9", (
        ("cybersecurity", "security"), ("changes", "changes foreseen"),
        ("standards", "harmonised standards applied"), ("conformity", "EU declaration of conformity"),
        ("monitoring", "monitoring in use"),
    )),
    Part("versions", "Versions", "Annex IV 1(c)"),
)  # fmt: skip

DATA_PARTS = (
    Part("motivation", "Why the data are there", "Datasheets: motivation", (
        ("purpose", "purpose"), ("creators", "made by"), ("funding", "paid by"),
    )),
    Part("composition", "What is in them", "Datasheets: composition; Annex IV 2(d)", (
        ("sha256", "fingerprint, SHA-256"), ("cases", "cases"), ("patients", "patients"),
        ("modality", "modality"), ("labels", "structures"), ("classes", "classes"),
        ("shape", "shape, voxels"), ("spacing_mm", "spacing, mm"), ("class_counts", "cases a class"),
        ("population", "population"), ("missing", "what is missing"),
    )),
    Part("collection", "How they came about", "Datasheets: collection; Annex IV 2(d)", (
        ("source", "source"), ("period", "period"), ("annotation", "who drew the truth"),
        ("consent", "consent and ethics"), ("identity", "identity"),
    )),
    Part("preparation", "What was done to them", "Datasheets: preprocessing; Annex IV 2(d)", (
        ("preprocessing", "preparation"), ("checked", "checked by the data doctor"),
        ("left_out", "left out"),
    )),
    Part("splits", "How they were split", "Annex IV 2(d), 2(g)", MODEL_PARTS[3].facts),
    Part("uses", "Uses", "Datasheets: uses", (
        ("used_for", "used for"), ("not_for", "not for"), ("licence", "licence"), ("bias", "bias"),
    )),
)  # fmt: skip

ALWAYS: Mapping[str, str | tuple[str, ...]] = {
    "status": RESEARCH_USE,
    "users": "researchers and clinicians who try the method on scans they may use for research",
    "out_of_scope": (
        "diagnosis, triage or treatment of a person",
        "scans of another modality, body part or protocol than those it learned from",
        "use without a person who looks at scan and outcome together",
    ),
    "risks": (
        "an outline or class that is wrong may be believed: read it beside the scan",
        "other scanners, protocols and patients than those learned from lower accuracy without any sign",
    ),
    "human_oversight": (
        "every outcome is a proposal: a clinician accepts, corrects or rejects it against the scan itself"
    ),
    "warned": (
        "of another modality, of voxels far from those learned from, of what reaches the scan's edge, "
        "of a poor expected outline, of a set of more than one class"
    ),
    "cybersecurity": (
        "weights are safetensors, checked against a manifest of SHA-256 before they are opened; "
        "scans are parsed in a child process that reaches nothing else; the model asks nothing of the network"
    ),
    "identity": "identifying elements are not read into the training data; no name, id or date is kept",
}
"""What is so in every run of this pilot; a run's own words come before it."""
