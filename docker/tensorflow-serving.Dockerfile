# TensorFlow Serving with a network of cervinet inside, for what is written for its REST or gRPC interface.
#
#   cervinet export runs/20261120-101500-cervix-cnn --format saved_model --to exported
#   docker build -f docker/tensorflow-serving.Dockerfile --build-arg MODEL=cervix-cnn -t cervix-serving exported
#   docker run --rm --cap-drop ALL --security-opt no-new-privileges -p 127.0.0.1:8501:8501 cervix-serving
#
# Without an image of its own:
#
#   docker run --rm -p 127.0.0.1:8501:8501 -e MODEL_NAME=cervix-cnn \
#     -v "$PWD/exported/cervix-cnn:/models/cervix-cnn:ro" tensorflow/serving:2.19.1
#
# Then, with JPEG or PNG files as they are:
#
#   curl http://127.0.0.1:8501/v1/models/cervix-cnn:predict \
#     -d '{"signature_name": "bytes", "instances": [{"b64": "'"$(base64 -w0 picture.jpg)"'"}]}'
#
# It has no token, no limits and no gate: keep it behind something that has.
FROM tensorflow/serving:2.19.1
ARG MODEL
ENV MODEL_NAME=$MODEL
COPY $MODEL /models/$MODEL
COPY card.json /models/$MODEL.card.json
USER 10001
EXPOSE 8500 8501
