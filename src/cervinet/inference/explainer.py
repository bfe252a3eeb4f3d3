"""The explainer of a run: by onnxruntime where it has the files for that, else by Keras."""

from cervinet.errors import UsageError
from cervinet.inference.heat import AnyExplainer, Method, Network, networks_of
from cervinet.inference.onnx_explain import OnnxExplainer
from cervinet.inference.predictor import Wanted
from cervinet.run import Run


def explainer_of(run: Run, method: Method, engine: Wanted = "auto") -> AnyExplainer:
    """Heat maps of the network of a run, or of the networks of the ensemble that it is.

    Args:
        run: finished.
        method: of the heat maps.
        engine: onnx needs no TensorFlow; auto is onnx where every network has a `heat.onnx`, else keras.

    Raises:
        CervinetError: a file was changed or cannot be read, or a network cannot be explained.
        UsageError: the members of an ensemble prepare pictures in several ways; or onnx is asked for without the files.
    """
    card, networks = networks_of(run)
    without = [one for one in networks if not _has_files(one)]
    if engine == "onnx" and without:
        raise UsageError(f"{without[0].run.path} has no {run.heat.name}{_why(without[0])}; use the engine keras")
    if engine == "keras" or without:
        from cervinet.inference.explain import Explainer

        return Explainer.load(run, method)
    return OnnxExplainer.load(networks, card, method)


def explains_without_tensorflow(run: Run) -> bool:
    """Whether `explainer_of` needs no TensorFlow; raises what it would raise of the cards."""
    return all(_has_files(one) for one in networks_of(run)[1])


def _has_files(network: Network) -> bool:
    return {network.run.onnx.name, network.run.heat.name} <= set(network.card.hashes)


def _why(network: Network) -> str:
    onnx = network.card.onnx
    why = onnx.get("why") or onnx.get("heat", {}).get("why")
    return f": {why}" if why else ""
