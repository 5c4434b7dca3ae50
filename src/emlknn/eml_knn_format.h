/** The numbers of formats/knn.toml, from which `make formats` writes this file. */
#ifndef EML_KNN_FORMAT_H
#define EML_KNN_FORMAT_H

// items; there is room for one at least
#define EML_KNN_MAX_ITEMS 65535
#define EML_KNN_MAX_ITEMS_TEXT "65535"
// features; one at least
#define EML_KNN_MAX_FEATURES 4096
#define EML_KNN_MAX_FEATURES_TEXT "4096"
// classes with labels of their own: an item has the number of its class as an int16
#define EML_KNN_MAX_CLASSES 32768

#endif // EML_KNN_FORMAT_H
