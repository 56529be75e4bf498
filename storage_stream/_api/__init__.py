"""The client's methods, a file for each subject; `Storage` is all of them together.

gcloud-aio-storage has its methods on one class, and code written for it calls them there. A class
of sixty methods in one file is found by nobody, so each subject is a class of its own here, and
the client inherits them. A method builds an operation and gives it to the sender; it decides
nothing.
"""
